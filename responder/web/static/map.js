// A map to move about in, in place of the drawn one; tiles only if HQ has set a server of them.
"use strict";

const track = document.getElementById("track");
const box = document.getElementById("map");
let map = null;
let drawn = null;

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

function draw(points) {
  drawn.clearLayers();
  const way = points.map((point) => [point[0], point[1]]);
  L.polyline(way, { color: "#0b3d91", weight: 4 }).addTo(drawn);
  points.forEach((point, n) => {
    const last = n === points.length - 1;
    if (last && point[2]) {
      L.circle(way[n], { radius: point[2], color: "#a00000", weight: 1, fillOpacity: 0.1 })
        .addTo(drawn);
    }
    const colour = last ? "#a00000" : "#0b3d91";
    L.circleMarker(way[n], { radius: last ? 9 : 5, color: colour, fillOpacity: 0.9 })
      .bindTooltip(point[3]).addTo(drawn);
  });
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

function begin(points) {
  box.hidden = false;
  document.getElementById("drawn").hidden = true;
  map = L.map(box, { worldCopyJump: true, attributionControl: false });
  L.control.attribution({ prefix: false }).addTo(map);
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", "Map of the track, north up. The last position is in words above it.");
  drawn = L.layerGroup().addTo(map);
  L.control.scale().addTo(map);
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
  drawLand();
  map.fitBounds(L.latLngBounds(points.map((p) => [p[0], p[1]])), { maxZoom: 15, padding: [30, 30] });
}

function show() {
  const points = JSON.parse(track.dataset.track || "[]");
  if (!points.length) return;
  if (!map) begin(points);
  draw(points);
}

document.addEventListener("swapped", show);
show();
