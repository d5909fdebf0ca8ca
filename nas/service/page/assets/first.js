// Runs before anything is painted: the theme that was chosen, else that of the system.
(function () {
  var kept = null;
  try { kept = localStorage.getItem("nas-theme"); } catch (error) { /* storage is off */ }
  var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = kept || (dark ? "dark" : "light");
})();
