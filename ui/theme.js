// Runs before the first paint, as a classic script, so that a theme chosen by
// hand does not flash. Without a choice the system's setting rules (tokens.css).
(function () {
  try {
    var chosen = localStorage.getItem("kith.theme");
    if (chosen === "light" || chosen === "dark") {
      document.documentElement.dataset.theme = chosen;
    }
  } catch (e) {
    // Storage may be forbidden: the system's setting rules then.
  }
})();
