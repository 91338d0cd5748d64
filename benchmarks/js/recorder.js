// Watches one cell's output. A change counts once its pictures are decoded, at the end of the frame
// that shows it.
(root) => {
  const now = () => performance.now();
  const state = { key: 0, latencies: [], changes: 0, frames: [], root };
  const drawn = async (records) => {
    const added = records.flatMap((r) => [...r.addedNodes]).filter((n) => n.querySelectorAll);
    const images = added.flatMap((n) => [n, ...n.querySelectorAll("img")])
      .filter((n) => n.tagName === "IMG");
    const paths = records.some((r) => r.attributeName === "d" || r.attributeName === "cx");
    if (!images.length && !paths) return;
    await Promise.all(images.map((image) => image.decode()));
    state.changes += 1;
    if (!state.key) return;
    const key = state.key;
    state.key = 0;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => state.latencies.push(now() - key);
      channel.port2.postMessage(0);
    });
  };
  new MutationObserver(drawn).observe(root, { subtree: true, childList: true, attributes: true });
  document.addEventListener("keydown", (event) => { state.key = event.timeStamp; }, true);
  let seen = 0;
  const frame = (time) => {
    if (state.changes !== seen) state.frames.push(time);
    seen = state.changes;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.recorder = state;
}
