// Keeps a console's page fresh: asks for the same page again when something changed, and swaps in
// the parts marked data-live. Everything can be read and done without this script.
"use strict";

const LISTEN_AGAIN_MS = 3000;  // as browsers do by themselves
const LOOK_LATER_MS = 300;  // HQ had too much to do at once, as when fifty consoles hear of an alarm
const LONGEST_REST_MS = 5000;
const LOOK_AGAIN_MS = 20000;   // ages on the page grow, whether or not anything happened
const BEEP_EVERY_MS = 6000;
const calmTitle = document.title.replace(/^\(\d+\) /, "");
const announce = document.getElementById("announce");
const link = document.getElementById("link");
const soundButton = document.getElementById("sound");
const known = new Set();
let audio = null;
let beepTimer = null;

function newAlarms() {
  return [...document.querySelectorAll("[data-new]")];
}

function tellOfNew() {
  const alarms = newAlarms();
  const unheard = alarms.filter((each) => !known.has(each.dataset.new));
  unheard.forEach((each) => known.add(each.dataset.new));
  document.title = alarms.length
    ? `(${alarms.length}) ALARM: ${alarms[0].dataset.said}` : calmTitle;
  if (unheard.length) {
    announce.textContent = unheard.map((each) => `New alarm: ${each.dataset.said}`).join(". ");
    beep();
  } else if (!alarms.length) {
    announce.textContent = "";
  }
  clearInterval(beepTimer);
  beepTimer = alarms.length ? setInterval(beep, BEEP_EVERY_MS) : null;
}

function beep() {
  if (!audio || audio.state !== "running") return;
  [880, 660, 880].forEach((pitch, n) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const from = audio.currentTime + n * 0.25;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, from);
    volume.gain.setValueAtTime(0, from + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.2);
  });
}

function showSound() {
  const on = audio !== null && audio.state === "running";
  soundButton.hidden = false;
  soundButton.setAttribute("aria-pressed", String(on));
  soundButton.textContent = on ? "Sound is on. Turn it off" : "Sound is off. Turn it on";
}

async function switchSound() {
  if (audio && audio.state === "running") {
    await audio.suspend();
  } else {
    audio = audio || new AudioContext();
    await audio.resume();
    beep();
  }
  showSound();
}

function busy(region) {  // somebody types there: what they have written must not vanish
  const active = document.activeElement;
  return region.contains(active) && active.matches("input, textarea, select")
    || [...region.querySelectorAll("details[open] input")].length > 0;
}

function swap(fresh) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(region.id);
    if (!other || busy(region)) continue;
    for (const { name, value } of other.attributes) {
      if (region.getAttribute(name) !== value) region.setAttribute(name, value);
    }
    if (region.innerHTML === other.innerHTML) continue;
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    region.innerHTML = other.innerHTML;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  document.dispatchEvent(new Event("swapped"));
  tellOfNew();
}

// This page with what was searched for, but without "?done=…" and "?refused=…": that was said once.
function here() {
  const address = new URL(location.href);
  for (const said of ["done", "refused"]) address.searchParams.delete(said);
  return address.pathname + address.search;
}

let looking = false;
let onceMore = false;  // something changed while this page was on its way
let restUntil = 0;
let later = null;
function lookIn(ms) {
  later = later || setTimeout(() => {
    later = null;
    look();
  }, ms);
}

async function look() {
  if (looking) {
    onceMore = true;
    return;
  }
  const began = Date.now();
  if (began < restUntil) {
    lookIn(restUntil - began);
    return;
  }
  looking = true;
  try {
    const answer = await fetch(here(), { credentials: "same-origin" });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    if (answer.status === 503) lookIn(LOOK_LATER_MS * (1 + Math.random()));
    if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    link.textContent = "No connection. This page may be out of date.";
  } finally {
    looking = false;
    // However much there is to tell, HQ works on this console's page for a third of the time at most.
    restUntil = Date.now() + Math.min(LONGEST_REST_MS, 2 * (Date.now() - began));
    if (onceMore) {
      onceMore = false;
      look();
    }
  }
}

function listen() {
  const events = new EventSource("/console/live");
  events.addEventListener("open", () => {
    link.textContent = "Live: this page updates itself.";
    look();  // what came while nobody was listening
  });
  events.addEventListener("error", () => {
    link.textContent = "No connection. This page may be out of date.";
    look();  // finds out whether the session has ended
    // A lost connection is tried again by itself; one answered by a proxy, as HQ restarts, is not.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS);
  });
  events.addEventListener("message", look);
}

listen();
setInterval(look, LOOK_AGAIN_MS);

soundButton.addEventListener("click", switchSound);
audio = new AudioContext();  // runs at once where the browser allows it
audio.addEventListener("statechange", showSound);
showSound();
tellOfNew();
