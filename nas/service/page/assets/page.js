// Links without reloads, the theme, buttons that act, copying, and a connection that comes back.
(function () {
  "use strict";
  var root = document.documentElement;
  var said = document.getElementById("page-said");

  function setProps(id, props) {
    if (window.dash_clientside && window.dash_clientside.set_props) {
      window.dash_clientside.set_props(id, props);
    }
  }

  function say(text) { said.textContent = ""; setTimeout(function () { said.textContent = text; }, 30); }

  // --- Addresses: a link to a view changes the address, and Dash's location listens to that.
  function isView(link) {
    return link && link.origin === location.origin && link.pathname.startsWith("/ui/") &&
      !link.target && !link.hasAttribute("download");
  }

  function go(href) {
    history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  function markSection(path) {
    var rest = path.replace(/^\/ui\/?/, "");
    var section = rest.startsWith("new") ? "new" : rest.startsWith("devices") ? "devices" : "studies";
    document.querySelectorAll(".page-nav a").forEach(function (link) {
      if (link.dataset.section === section) { link.setAttribute("aria-current", "page"); }
      else { link.removeAttribute("aria-current"); }
    });
  }

  // --- Theme
  function showTheme() {
    document.getElementById("page-theme-toggle")
      .setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  }

  function switchTheme() {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("nas-theme", root.dataset.theme); } catch (error) { /* not kept */ }
    showTheme();
    setProps("page-theme", { data: root.dataset.theme });
  }

  // --- Buttons: data-action is sent to the server, after a question where data-confirm says so.
  var dialog = document.getElementById("page-confirm");
  var pending = null;

  function send(values) {
    values.at = Date.now();
    setProps("page-action", { data: values });
  }

  function act(button) {
    var values = Object.assign({}, button.dataset);
    if (!values.confirm) { send(values); return; }
    document.getElementById("page-confirm-title").textContent = values.confirmTitle || "Sure?";
    document.getElementById("page-confirm-text").textContent = values.confirm;
    document.getElementById("page-confirm-yes").textContent = button.textContent;
    pending = values;
    dialog.showModal();
    document.getElementById("page-confirm-no").focus();
  }

  async function copy(button) {
    var text = document.getElementById(button.dataset.copies).textContent;
    try { await navigator.clipboard.writeText(text); }
    catch (error) {
      var area = document.createElement("textarea");
      area.value = text; document.body.append(area); area.select();
      document.execCommand("copy"); area.remove(); button.focus();
    }
    var label = button.textContent;
    button.textContent = "Copied"; say("Copied");
    setTimeout(function () { button.textContent = label; }, 1500);
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest("a, button");
    if (!target) { return; }
    if (target.tagName === "A") {
      var plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
      if (target.classList.contains("skip-link")) {
        event.preventDefault(); document.getElementById("page-main").focus();
      } else if (plain && !event.defaultPrevented && isView(target)) {
        event.preventDefault(); go(target.href);
      }
    } else if (target.id === "page-theme-toggle") { switchTheme(); }
    else if (target.id === "page-confirm-no") { dialog.close(); }
    else if (target.id === "page-confirm-yes") { dialog.close(); if (pending) { send(pending); } }
    else if (target.dataset.action) { act(target); }
    else if (target.dataset.copies) { copy(target); }
    else if (target.dataset.closes) { setProps(target.dataset.closes, { children: [] }); }
  });
  dialog.addEventListener("close", function () { setTimeout(function () { pending = null; }, 0); });
  showTheme();

  // --- Connection: the view is asked for again once the server answers again.
  var banner = document.getElementById("page-connection");

  var next = 0;

  async function look() {
    clearTimeout(next);
    var alive = false;
    try {
      var answer = await fetch("/ui/_alive", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
      alive = answer.ok;
    } catch (error) { alive = false; }
    if (alive && !banner.hidden) { setProps("page-route", { data: routeNow() }); }
    banner.hidden = alive;
    next = setTimeout(look, alive ? 5000 : 1000);
  }

  function routeNow() { return { path: location.pathname, search: location.search, at: Date.now() }; }
  window.addEventListener("offline", function () { banner.hidden = false; });
  window.addEventListener("online", look);
  next = setTimeout(look, 5000);

  // --- Limits: a slider in ratios beside a number; at its end there is no limit.
  var TICKS = 1000;

  function limit(sliderValue, numberValue, ranges) {
    var same = window.dash_clientside.no_update;
    var by = window.dash_clientside.callback_context.triggered_id || "";
    var slider = by.indexOf("search-slider-") === 0;
    var id = window.dash_clientside.callback_context.outputs_list[0].id;
    var name = id.replace("search-slider-", "");
    var least = name === "accuracy";
    var range = (ranges || {})[name];
    if (!range || !(range[0] > 0) || range[2] <= range[0]) { return [same, same]; }
    var span = Math.log(range[2] / range[0]);
    var none = least ? 0 : TICKS;
    if (slider) {
      var tick = Number(sliderValue);
      if (tick === none) { return [same, null]; }
      return [same, Number((range[0] * Math.exp(span * tick / TICKS)).toPrecision(3))];
    }
    if (numberValue === null || numberValue === undefined || numberValue === "") { return [none, same]; }
    var at = Math.round(TICKS * Math.log(numberValue / range[0]) / span);
    return [Math.min(TICKS, Math.max(0, at || 0)), same];
  }

  // --- What Dash calls
  var first = true;
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    page: {
      limit: limit,
      route: function (path, search) {
        markSection(path || "");
        return [{ path: path || "", search: search || "" }, root.dataset.theme, []];
      },
      named: function (title) {
        if (title) {
          document.title = title + " · nas";
          if (!first) { document.getElementById("page-main").focus({ preventScroll: true }); say(title); }
          first = false;
        }
        return window.dash_clientside.no_update;
      },
    },
  });
})();
