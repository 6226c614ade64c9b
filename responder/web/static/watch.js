// Where all wearers are: marks that the server has put together, above the land or the tiles.
"use strict";

const watched = document.getElementById("watch");
const WATCH_EVERY_MS = 15000;  // at most, when the page has news and the map was not moved
const SIGNS = { alarm: "\u25b2", silent: "\u25a0", fine: "\u25cf" };
const WORDS = { alarm: "in alarm", silent: "silent", fine: "heard" };
let watchMap = null;
let marks = null;
let markedAt = 0;
let marking = false;

function said(mark) {
  if (mark.name !== undefined) return `${mark.name}: ${WORDS[mark.state]}`;
  const silent = mark.silent ? `, ${mark.silent} of them silent` : "";
  return `${mark.number} wearers${silent}`;
}

function icon(mark) {
  const sign = document.createElement("span");
  sign.className = `mark ${mark.state}`;
  const counted = { fine: mark.number - mark.silent, silent: mark.silent };
  const states = mark.name === undefined ? ["fine", "silent"].filter((state) => counted[state]) : [mark.state];
  for (const state of states) {
    const part = document.createElement("span");
    part.className = state;
    part.textContent = mark.name === undefined ? `${SIGNS[state]} ${counted[state]}` : SIGNS[state];
    sign.append(part, " ");
  }
  return L.divIcon({ className: "spot", html: sign, iconSize: [0, 0] });
}

function more(mark) {  // one wearer: to the list; several: closer
  const words = document.createElement("p");
  const name = document.createElement("bdi");
  name.textContent = said(mark);
  const link = document.createElement("a");
  link.href = `/console?q=${mark.device}`;
  link.textContent = "Show in the list";
  words.append(name, document.createElement("br"), link);
  return words;
}

function draw(found) {
  marks.clearLayers();
  for (const mark of found.marks) {
    const options = { icon: icon(mark), keyboard: false, title: said(mark) };
    options.zIndexOffset = { alarm: 2000, silent: 1000, fine: 0 }[mark.state];
    const there = L.marker(mark.at, options).addTo(marks);
    if (mark.name !== undefined) there.bindPopup(() => more(mark));
    else there.on("click", () => watchMap.setView(mark.at, watchMap.getZoom() + 2));
  }
  document.getElementById("nowhere").textContent = found.nowhere
    ? `${found.nowhere.toLocaleString("en")} wearers have no known position and are not on the map.` : "";
}

async function mark() {
  if (marking || !watchMap) return;
  marking = true;
  const bounds = watchMap.getBounds();
  const asked = new URLSearchParams({
    west: Math.max(-540, bounds.getWest()), south: Math.max(-90, bounds.getSouth()),
    east: Math.min(540, bounds.getEast()), north: Math.min(90, bounds.getNorth()),
    zoom: watchMap.getZoom(),
  });
  try {
    const answer = await fetch(`/console/map.json?${asked}`, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) draw(await answer.json());
  } catch {
    // the line at the top of the page says that there is no connection
  } finally {
    marking = false;
    markedAt = Date.now();
  }
}

function beginWatch(bounds) {
  document.getElementById("watching").hidden = false;
  watchMap = L.map(watched, { worldCopyJump: true, attributionControl: false, minZoom: 1, preferCanvas: true });
  L.control.attribution({ prefix: false }).addTo(watchMap);
  watched.setAttribute("role", "application");
  watched.setAttribute("aria-label", "Map of all wearers, north up. The list below says the same in words.");
  L.control.scale().addTo(watchMap);
  if (watched.dataset.tiles) {
    L.tileLayer(watched.dataset.tiles, { maxZoom: 19, attribution: watched.dataset.credit }).addTo(watchMap);
  }
  surround(watchMap, !watched.dataset.tiles);
  marks = L.layerGroup().addTo(watchMap);
  watchMap.on("moveend", mark);
  watchMap.fitBounds(bounds, { maxZoom: 9, padding: [30, 30] });
}

let finding = false;
async function findAll() {
  if (finding) return;
  finding = true;
  try {
    const answer = await fetch("/console/map.json", { credentials: "same-origin" });
    const { bounds } = answer.ok && !answer.redirected ? await answer.json() : {};
    if (bounds) beginWatch(bounds);  // without a single position there is nothing to draw
  } catch {
    // looked for again with the next news
  } finally {
    finding = false;
  }
}

if (watched) {
  findAll();
  document.addEventListener("swapped", () => {
    if (!watchMap) findAll();
    else if (Date.now() - markedAt > WATCH_EVERY_MS) mark();
  });
}
