// The font sizes of a lab's words, outside its pictures, in pixels.
() => {
  const nodes = [...document.querySelectorAll(".gbl-lab *")];
  const words = nodes.filter((node) => node.textContent && !node.closest("svg"));
  return words.map((node) => parseFloat(getComputedStyle(node).fontSize));
}
