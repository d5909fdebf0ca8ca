// Saves a figure as PNG or SVG, opens the network that was clicked on, picks those to compare.
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

  // Networks that are chosen to be compared; the page keeps them, and says when they are others.
  var picked = [];

  window.dash_clientside.page.picked = function (ids) {
    picked = ids || [];
    return window.dash_clientside.no_update;
  };

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-pick]");
    if (!button) { return; }
    var id = button.dataset.pick;
    if (picked.includes(id)) { picked = picked.filter(function (one) { return one !== id; }); }
    else if (picked.length < Number(button.dataset.most)) { picked = picked.concat(id); }
    window.dash_clientside.set_props("front-picked", { data: picked });
  });

  // Networks that filters leave out are faint: without a new figure, and again after each redraw.
  var kept = null;

  function paint(graph) {
    graph.querySelectorAll(".scatterlayer .trace").forEach(function (group) {
      var trace = group.__data__ && group.__data__[0] && group.__data__[0].trace;
      if (!trace || trace.name !== "front") { return; }
      group.querySelectorAll("path.point").forEach(function (mark) {
        var id = trace.customdata[mark.__data__.i];
        mark.style.opacity = kept === null || kept.has(id) ? "" : "0.12";
      });
    });
  }

  window.dash_clientside.page.faded = function (ids) {
    kept = ids ? new Set(ids) : null;
    var place = document.getElementById('{"name":"front","type":"plot"}');
    var graph = place && place.querySelector(".js-plotly-plot");
    if (graph && !graph.dataset.fades) {
      graph.dataset.fades = "yes";
      graph.on("plotly_afterplot", function () { paint(graph); });
    }
    if (graph) { paint(graph); }
    return window.dash_clientside.no_update;
  };
})();
