// The boxes of each fact of a lab, of its name and of its value: [left, top, right, bottom].
(root) => {
  const boxOf = (node) => {
    const box = node.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
  };
  const facts = [...root.querySelectorAll(".gbl-says dl > div")];
  return facts.map((fact) => [fact, ...fact.children].map(boxOf));
}
