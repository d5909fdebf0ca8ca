// Unfolds what the server froze, before it is painted: see nas/service/page/frozen.py.
(function () {
  "use strict";

  function built(node) {
    if (typeof node === "string") { return document.createTextNode(node); }
    var element = node[0] ? document.createElement(node[0]) : document.createDocumentFragment();
    Object.keys(node[1]).forEach(function (name) {
      var value = node[1][name];
      if (name === "style") { Object.assign(element.style, value); }
      else if (name === "role" || name.indexOf("-") > 0) { element.setAttribute(name, value); }
      else { element[name] = value; }
    });
    node[2].forEach(function (child) { element.append(built(child)); });
    return element;
  }

  function unfold() {
    document.querySelectorAll("[data-frozen]").forEach(function (place) {
      if (place.unfolded === place.dataset.frozen) { return; }
      place.unfolded = place.dataset.frozen;
      place.replaceChildren(built(JSON.parse(place.dataset.frozen)));
    });
  }

  new MutationObserver(unfold).observe(document.getElementById("page-main"), {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-frozen"],
  });
})();
