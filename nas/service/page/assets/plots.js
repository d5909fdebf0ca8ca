// Saves a figure as PNG or SVG, and opens the network that was clicked on.
(function () {
  "use strict";

  function graphOf(button) {
    return button.closest("figure").querySelector(".js-plotly-plot");
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-plot]");
    var graph = button && graphOf(button);
    if (!graph || !window.Plotly) { return; }
    window.Plotly.downloadImage(graph, {
      format: button.dataset.format,
      filename: button.dataset.plot,
      width: graph.clientWidth,
      height: graph.clientHeight,
      scale: button.dataset.format === "png" ? 2 : 1,
    });
  });

  // A click on a mark that stands for a network → the address of its view.
  window.dash_clientside.page.opened = function (clicked, path) {
    var point = clicked && clicked.points && clicked.points[0];
    var id = point && point.customdata;
    if (typeof id !== "string") { return window.dash_clientside.no_update; }
    return path.replace(/\/+$/, "") + "/network/" + encodeURIComponent(id);
  };
})();
