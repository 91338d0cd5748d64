// The colours of a lab's page: of its words, of its lines, and all that are in its first picture.
() => {
  const all = (what, query) =>
    [...document.querySelectorAll(query)].map((node) => getComputedStyle(node)[what]);
  const picture = decodeURIComponent(document.querySelector(".gbl-panel img").src);
  const inside = picture.matchAll(/fill: (#[0-9a-f]{6})[^"]*"[^>]*>[^<\s]/g);
  const words = all("color", ".gbl-lab dt, .gbl-lab dd, .gbl-name, .gbl-mark span");
  return {
    words: [...words, ...[...inside].map((match) => match[1])],
    lines: [...all("stroke", ".gbl-panel path"), ...all("fill", ".gbl-panel circle")],
    picture,
  };
}
