// Land, water, borders and towns below a map, by squares of whole degrees. They are shipped with the
// responder: nobody else is asked. ``surround(map, alone)``: ``alone`` where no tiles lie above them.
"use strict";

const LAND_SIZES = [[3, 90], [6, 30], [19, 5]];  // up to which zoom squares have so many degrees
const TOWN_SIZES = [[3, 90], [6, 30], [7, 5], [19, 1]];
const MOST_SQUARES = 40;
const MOST_KEPT = 200;
const MOST_TOWNS = 40;
const GRID = [90, 45, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005,
  0.0002];  // degrees, by zoom
const WATER = "#c9dfec";
const STYLES = {  // drawn in this order
  land: { stroke: false, fillColor: "#f6f2e6" },
  lakes: { stroke: false, fillColor: WATER },
  rivers: { color: "#7fa9c4", weight: 1.5 },
  coasts: { color: "#5d8ba6", weight: 1 },
  borders: { color: "#80664a", weight: 2 },
  disputed: { color: "#80664a", weight: 2, dashArray: "8 8" },
};
const UNITS = { 5: 1000, 30: 100, 90: 50 };  // parts of a degree, as the server has them
const kept = new Map();  // what was asked for, by its path

function wrapped(longitude) {
  return L.Util.wrapNum(longitude, [-180, 180]);
}

function squares(bounds, size) {
  const found = [];
  const from = (degrees, edge) => Math.floor((degrees + edge) / size) * size - edge;
  for (let south = Math.max(-90, from(bounds.getSouth(), 90)); south < Math.min(90, bounds.getNorth());
    south += size) {
    for (let east = from(bounds.getWest(), 180); east < bounds.getEast(); east += size) {
      const west = wrapped(east);
      found.push({ size, south, west, turn: east - west });
    }
  }
  return found.slice(0, MOST_SQUARES);
}

function sizeAt(zoom, sizes) {
  return sizes.find(([until]) => zoom <= until)[1];
}

// A square's contents; null where they cannot be had now, and then the next move asks again.
function load(kind, { size, south, west }) {
  const path = `/console/${kind}/${size}/${south}/${west}.json`;
  if (!kept.has(path)) {
    const coming = fetch(path, { credentials: "same-origin" })
      .then((answer) => (answer.ok && !answer.redirected ? answer.json() : Promise.reject()))
      .catch(() => kept.delete(path) && null);
    kept.set(path, coming);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(path);
}

function line(steps, unit, turn) {
  const points = [];
  let [x, y] = [0, 0];
  for (let n = 0; n < steps.length; n += 2) {
    x += steps[n];
    y += steps[n + 1];
    points.push([y / unit, x / unit + turn]);
  }
  return points;
}

function addSquare(content, { size, south, west, turn }, renderer, layer) {
  const options = { renderer, interactive: false, fillOpacity: 1, smoothFactor: 1 };
  const corners = [[south, west + turn], [south + size, west + turn + size]];
  L.rectangle(corners, { ...options, stroke: false, fillColor: WATER }).addTo(layer);
  for (const [kind, style] of Object.entries(STYLES)) {
    const shapes = content[kind].map((shape) => (style.fillColor
      ? shape.map((ring) => line(ring, UNITS[size], turn)) : line(shape, UNITS[size], turn)));
    if (!shapes.length) continue;
    (style.fillColor ? L.polygon : L.polyline)(shapes, { ...options, ...style }).addTo(layer);
  }
}

function surround(map, alone) {
  const layerIn = (pane, zIndex) => {
    const made = map.createPane(pane);
    made.style.zIndex = zIndex;
    made.style.pointerEvents = "none";
    return L.layerGroup().addTo(map);
  };
  const ground = layerIn("ground", 150);  // below tiles, and there where a tile does not come
  const net = layerIn("net", 260);
  const towns = layerIn("towns", 350);
  const ink = L.canvas({ pane: "ground", padding: 0.2 });
  const thin = L.canvas({ pane: "net" });
  const ruler = document.createElement("canvas").getContext("2d");
  let moves = 0;
  let shown = "";

  async function drawGround(move) {
    const wanted = squares(map.getBounds().pad(0.2), sizeAt(map.getZoom(), LAND_SIZES));
    const contents = await Promise.all(wanted.map((each) => load("land", each)));
    const now = wanted.filter((_, n) => contents[n]).map((each) => Object.values(each)).join();
    if (move !== moves || now === shown) return;
    shown = now;
    ground.clearLayers();
    wanted.forEach((each, n) => contents[n] && addSquare(contents[n], each, ink, ground));
  }

  async function drawTowns(move) {
    const wanted = squares(map.getBounds(), sizeAt(map.getZoom(), TOWN_SIZES));
    const found = await Promise.all(wanted.map(async (each) => (
      (await load("towns", each) || []).map((town) => [...town, each.turn]))));
    if (move !== moves) return;
    towns.clearLayers();
    const taken = [];
    const view = L.bounds([0, 0], map.getSize());
    ruler.font = "13px sans-serif";
    for (const [latitude, longitude, name, , turn] of found.flat().sort((a, b) => b[3] - a[3])) {
      const at = map.latLngToContainerPoint([latitude, longitude + turn]);
      const box = L.bounds(at.subtract([6, 11]), at.add([ruler.measureText(name).width + 16, 11]));
      if (!view.contains(at) || taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      const label = document.createElement("bdi");
      label.textContent = name;
      L.circleMarker([latitude, longitude + turn], { radius: 3, color: "#333", pane: "towns",
        interactive: false }).bindTooltip(label, { permanent: true, direction: "right", pane: "towns",
        className: "town" }).addTo(towns);
      if (taken.length === MOST_TOWNS) break;
    }
  }

  function drawNet() {
    net.clearLayers();
    const step = GRID[Math.min(GRID.length - 1, Math.max(0, Math.round(map.getZoom())))];
    const bounds = map.getBounds().pad(0.1);
    const lines = [];
    const [west, east] = [Math.floor(bounds.getWest() / step), bounds.getEast() / step];
    for (let n = west; n <= east; n += 1) lines.push([[-85, n * step], [85, n * step]]);
    const north = Math.min(85, bounds.getNorth()) / step;
    for (let n = Math.floor(Math.max(-85, bounds.getSouth()) / step); n <= north; n += 1) {
      lines.push([[n * step, bounds.getWest()], [n * step, bounds.getEast()]]);
    }
    L.polyline(lines, { renderer: thin, color: "#b3ab96", weight: 1, opacity: 0.5,
      interactive: false }).addTo(net);
  }

  map.on("moveend", () => {
    moves += 1;
    drawGround(moves);
    if (!alone) return;
    drawNet();
    drawTowns(moves);
  });
  map.attributionControl.addAttribution("Natural Earth. GeoNames, CC BY 4.0");
}
