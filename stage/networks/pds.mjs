// Bluesky's own server (PDS) with the directory of identities (PLC) that it needs, for one run.
// Settings as JSON in the first argument; prints one line when both listen; SIGTERM ends both.
import net from 'node:net';

const settings = JSON.parse(process.argv[2]);

// Both would listen on every address of this machine.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  if (given[0] !== null && typeof given[0] === 'object') given[0] = { ...given[0], host: '127.0.0.1' };
  else if (typeof given[1] !== 'string') given.splice(1, 0, '127.0.0.1');
  return listen.apply(this, given);
};

const { PlcServer, Database } = await import('@did-plc/server');
const { PDS, readEnv, envToCfg, envToSecrets } = await import('@atproto/pds');

const plc = PlcServer.create({ db: Database.mock(), port: settings.plcPort });
await plc.start();
const start = {
  port: settings.port,
  hostname: 'localhost',
  adminPassword: settings.secret,
  dataDirectory: settings.data,
  blobstoreDiskLocation: settings.blobs,
  jwtSecret: settings.secret,
  plcRotationKeyK256PrivateKeyHex: settings.secret,
  devMode: true,
  didPlcUrl: `http://localhost:${settings.plcPort}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  disableSsrfProtection: true,
  crawlers: [],
  bskyAppViewUrl: 'https://appview.invalid',
  bskyAppViewDid: 'did:example:invalid',
};
const pds = PDS.fromEnv ? await PDS.fromEnv(start) : await PDS.create(envToCfg(start), envToSecrets(start));
await pds.start();

const stop = async () => {
  await pds.destroy();
  await plc.destroy();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
console.log('ready');
