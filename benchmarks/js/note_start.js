// Note when a cell is started: at Shift and another key.
() => {
  document.addEventListener("keydown", (event) => {
    if (event.shiftKey) window.started = event.timeStamp;
  }, true);
}
