// A map to move about in, in place of the drawn one; tiles only if HQ has set a server of them.
"use strict";

const CLOSEST = 15;  // at first: a few kilometres
const COARSE_FROM = 11;
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

// Longitudes that go on across the date line, where the written ones leap from 180 to -180.
function unwrapped(points) {
  let before = points[0][1];
  return points.map(([latitude, longitude]) => {
    before += wrapped(longitude - before);
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

function coarse() {
  return !track.dataset.tiles && map.getZoom() >= COARSE_FROM
    ? " Coasts, rivers and borders may be a kilometre or two off." : "";
}

function say() {
  const bounds = map.getBounds();
  const degrees = bounds.getEast() - bounds.getWest();
  const metres = degrees * 111320 * Math.cos(map.getCenter().lat * Math.PI / 180);
  const round = Number(metres.toPrecision(String(metres)[0] === "1" ? 2 : 1));
  const wide = round < 1000 ? `${round} m` : `${(round / 1000).toLocaleString("en")} km`;
  document.getElementById("map-scale").textContent = degrees >= 360
    ? "This map shows the whole world." : `This map is about ${wide} wide.${coarse()}`;
}

function begin(way) {
  box.hidden = false;
  bar.hidden = false;
  document.getElementById("drawn").hidden = true;
  map = L.map(box, { attributionControl: false, minZoom: 2, maxZoom: 19,
    zoomAnimation: !calm.matches });
  L.control.attribution({ prefix: false }).addTo(map);
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", "Map of the track, north up. The last position is in words above it.");
  box.setAttribute("aria-describedby", "map-scale");
  drawn = L.layerGroup().addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (track.dataset.tiles) {
    L.tileLayer(track.dataset.tiles, { maxZoom: 19, attribution: track.dataset.credit }).addTo(map);
  }
  surround(map, !track.dataset.tiles);
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
