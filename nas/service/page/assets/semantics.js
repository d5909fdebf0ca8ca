// Gives Dash's controls the roles and names that their looks promise.
// Lists of radio buttons and check boxes call themselves list boxes, with controls inside options;
// thumbs of sliders, and the field behind an upload, have no name.
(function () {
  "use strict";

  function nameOf(element) {
    var group = element.parentElement.closest("[role='group'][aria-label], fieldset, .field");
    if (!group) { return ""; }
    var named = group.getAttribute("aria-label");
    var legend = group.querySelector("legend, .field-label");
    return named || (legend ? legend.textContent : "");
  }

  function set(element, name, value) {
    if (value && element.getAttribute(name) !== value) { element.setAttribute(name, value); }
  }

  function mend() {
    document.querySelectorAll(".dash-options-list[role='listbox']").forEach(function (list) {
      list.setAttribute("role", list.classList.contains("dash-radioitems") ? "radiogroup" : "group");
      set(list, "aria-label", list.getAttribute("aria-label") || nameOf(list) || "Options");
    });
    document.querySelectorAll("label.dash-options-list-option").forEach(function (option) {
      option.removeAttribute("role");
      option.removeAttribute("aria-selected");
    });
    document.querySelectorAll("[role='slider']:not([aria-label])").forEach(function (thumb) {
      var all = Array.from(thumb.closest(".dash-slider-root, .dash-slider-container, [role='group']")
        .querySelectorAll("[role='slider']"));
      var end = all.length > 1 ? (all.indexOf(thumb) ? ", most" : ", least") : "";
      set(thumb, "aria-label", (nameOf(thumb) || "Value") + end);
    });
    document.querySelectorAll(".dash-dropdown-focus-target[tabindex='0']").forEach(function (one) {
      one.setAttribute("tabindex", "-1");
    });
    document.querySelectorAll("input[type='file']:not([aria-label])").forEach(function (file) {
      file.setAttribute("aria-label", "File");
      file.setAttribute("tabindex", "-1");
    });
  }

  var planned = false;
  new MutationObserver(function () {
    if (planned) { return; }
    planned = true;
    requestAnimationFrame(function () { planned = false; mend(); });
  }).observe(document.getElementById("page-main"), {
    subtree: true, childList: true, attributes: true, attributeFilter: ["role", "aria-selected", "aria-hidden"],
  });
})();
