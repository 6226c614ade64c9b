// A map to move about in, in place of the drawn one; tiles only if HQ has set a server of them.
"use strict";

const CLOSEST = 15;  // at first: a few kilometres
const TO_THE_CURSOR = ["scrollWheelZoom", "doubleClickZoom", "touchZoom"];
const track = document.getElementById("track");
const box = document.getElementById("map");
const bar = document.getElementById("map-bar");
const back = document.getElementById("to-newest");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let map = null;
let drawn = null;
let newest = null;  // the circle around the newest position, or the position
let following = true;

function graticule(bounds, zoom) {
  const step = [90, 45, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001,
    0.0005, 0.0002][Math.min(17, Math.max(0, Math.round(zoom)))];
  const lines = [];
  const west = Math.floor(bounds.getWest() / step) * step;
  const south = Math.max(-85, Math.floor(bounds.getSouth() / step) * step);
  for (let x = west; x <= bounds.getEast(); x += step) lines.push([[-85, x], [85, x]]);
  for (let y = south; y <= bounds.getNorth(); y += step) {
    lines.push([[y, west], [y, bounds.getEast()]]);
  }
  return lines;
}

// Longitudes that go on across the date line, where the written ones leap from 180 to -180.
function unwrapped(points) {
  let before = points[0][1];
  return points.map(([latitude, longitude]) => {
    before += L.Util.wrapNum(longitude - before, [-180, 180]);
    return [latitude, before];
  });
}

function draw(points, way) {
  drawn.clearLayers();
  L.polyline(way, { color: "#0b3d91", weight: 4 }).addTo(drawn);
  points.forEach((point, n) => {
    const last = n === points.length - 1;
    if (last && point[2]) {
      L.circle(way[n], { radius: point[2], color: "#a00000", weight: 1, fillOpacity: 0.1,
        className: "within" }).addTo(drawn);
    }
    const colour = last ? "#a00000" : "#0b3d91";
    L.circleMarker(way[n], { radius: last ? 9 : 5, color: colour, fillOpacity: 0.9,
      className: last ? "newest" : "" }).bindTooltip(point[3]).addTo(drawn);
  });
}

// Zooming keeps the middle while the map follows, and what is under the cursor while it does not.
function follow(on) {
  following = on;
  back.hidden = on;
  for (const option of TO_THE_CURSOR) map.options[option] = on ? "center" : true;
}

function toNewest() {
  const whole = map.getBoundsZoom(newest.toBounds(2 * newest.within));
  map.setView(newest, Math.min(map.getZoom(), Math.max(whole, 1)), { animate: !calm.matches });
}

function say() {
  const bounds = map.getBounds();
  const degrees = bounds.getEast() - bounds.getWest();
  const metres = degrees * 111320 * Math.cos(map.getCenter().lat * Math.PI / 180);
  const round = Number(metres.toPrecision(String(metres)[0] === "1" ? 2 : 1));
  const wide = round < 1000 ? `${round} m` : `${(round / 1000).toLocaleString("en")} km`;
  document.getElementById("map-scale").textContent = degrees >= 360
    ? "This map shows the whole world." : `This map is about ${wide} wide.`;
}

async function drawLand() {  // what is shipped with the responder: nobody else is asked
  const answer = await fetch(`${location.pathname}/outlines.json`);
  if (!answer.ok) return;
  const land = await answer.json();
  const styles = {
    coasts: { color: "#3f7391", weight: 2 },
    borders: { color: "#80664a", weight: 2 },
    disputed: { color: "#80664a", weight: 2, dashArray: "8 8" },
  };
  const below = L.layerGroup().addTo(map);
  for (const [kind, style] of Object.entries(styles)) {
    for (const line of land[kind]) L.polyline(line, { ...style, interactive: false }).addTo(below);
  }
  for (const [latitude, longitude, name] of land.towns) {
    const label = document.createElement("span");
    label.textContent = name;
    L.circleMarker([latitude, longitude], { radius: 3, color: "#333", interactive: false })
      .bindTooltip(label, { permanent: true, direction: "right", className: "town" }).addTo(below);
  }
  map.attributionControl.addAttribution("Natural Earth. GeoNames, CC BY 4.0");
  show();  // the track once more, above the land
}

function begin(way) {
  box.hidden = false;
  bar.hidden = false;
  document.getElementById("drawn").hidden = true;
  map = L.map(box, { attributionControl: false });
  L.control.attribution({ prefix: false }).addTo(map);
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", "Map of the track, north up. The last position is in words above it.");
  box.setAttribute("aria-describedby", "map-scale");
  drawn = L.layerGroup().addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (track.dataset.tiles) {
    L.tileLayer(track.dataset.tiles, { maxZoom: 19, attribution: track.dataset.credit }).addTo(map);
  } else {
    const net = L.layerGroup().addTo(map);
    map.on("moveend", () => {
      net.clearLayers();
      for (const line of graticule(map.getBounds(), map.getZoom())) {
        L.polyline(line, { color: "#bbb5a4", weight: 1, interactive: false }).addTo(net);
      }
    });
  }
  map.on("moveend", say);
  map.on("dragstart boxzoomend", () => follow(false));
  map.on("keydown", (event) => {
    if (event.originalEvent.key.startsWith("Arrow")) follow(false);
  });
  back.addEventListener("click", () => {
    follow(true);
    toNewest();
    box.focus({ preventScroll: true });  // the button has gone, and the keys go on with the map
  });
  follow(true);
  const mirrored = way.map(([y, x]) => [2 * newest.lat - y, 2 * newest.lng - x]);
  const whole = map.getBoundsZoom(L.latLngBounds([...way, ...mirrored]).pad(0.1));
  map.setView(newest, Math.min(CLOSEST, whole));
  drawLand();
}

function show() {
  const points = JSON.parse(track.dataset.track || "[]");
  if (!points.length) return;
  const way = unwrapped(points);
  const before = newest;
  newest = L.latLng(way.at(-1));
  newest.within = points.at(-1)[2] || 0;
  if (!map) begin(way);
  else if (following && !newest.equals(before)) toNewest();
  draw(points, way);
}

document.addEventListener("swapped", show);
show();
