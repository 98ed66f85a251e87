// The page is complete without this script. It searches, filters, sorts, groups and copies.
(() => {
  'use strict';
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const list = at('list');
  const form = at('form');
  const keys = at('keys');

  // Each finding, in the order of the page: most urgent first. Its texts are read when needed.
  const items = Array.from(list.querySelectorAll('details.f'), (node, order) => ({
    node,
    order,
    shown: true,
    part: node.parentNode,
    values: node.dataset.f.split(',').map((part) => part.split(' ')),
    start: node.dataset.d === undefined ? null : Number(node.dataset.d),
    text: null,
  }));
  let view = items;

  const say = (text) => { at('said').textContent = text; };

  // Copying.
  const toClipboard = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
  };
  const copy = async (text, what, button) => {
    await toClipboard(text);
    say(`${what} copied`);
    if (button) {
      const show = (word) => {
        button.textContent = word;
        button.setAttribute('aria-label', button.ariaLabel.replace(/^\w+/, word));
      };
      show('Copied');
      setTimeout(() => show('Copy'), 1500);
    }
  };
  const addButtons = (part) => {
    for (const pre of part.querySelectorAll('pre:not(.lines):not(.has-copy)')) {
      const code = pre.textContent.trim();
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'copy';
      button.textContent = 'Copy';
      button.setAttribute('aria-label', `Copy: ${code.slice(0, 60)}`);
      button.addEventListener('click', () => copy(code, 'Command', button));
      pre.classList.add('has-copy');
      pre.prepend(button);
    }
  };

  // Permalinks: the fingerprint of a finding opens it.
  const clear = () => {
    if (form) {
      form.reset();
      arrange();
    }
  };
  const openTarget = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && at(id);
    const holder = target && target.closest('details');
    if (!holder) return;
    if (holder.hidden) clear();
    holder.open = true;
    holder.scrollIntoView();
    holder.querySelector('summary').focus({ preventScroll: true });
  };

  // Filters, on an index that is built once.
  const textOf = (item) => {
    if (item.text === null) {
      const parts = item.node.querySelectorAll('summary, .facts, .places, .body > p');
      item.text = Array.from(parts, (part) => part.textContent).join(' ').toLowerCase();
    }
    return item.text;
  };
  const filter = () => {
    const words = at('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [];
    for (const select of form.querySelectorAll('select[data-n]')) {
      if (select.value !== '') wanted.push([Number(select.dataset.n), select.value]);
    }
    let count = 0;
    const inParts = new Map();
    for (const item of items) {
      const shown = wanted.every(([number, value]) => item.values[number].includes(value))
        && words.every((word) => textOf(item).includes(word));
      if (shown) {
        count += 1;
        inParts.set(item.part, (inParts.get(item.part) || 0) + 1);
      }
      if (shown !== item.shown) {
        item.shown = shown;
        item.node.hidden = !shown;
      }
    }
    // A browser estimates the height of parts that it has not drawn.
    for (const part of list.querySelectorAll('.part')) {
      const inside = inParts.get(part) || 0;
      if (part.hidden !== (inside === 0)) part.hidden = inside === 0;
      part.style.containIntrinsicBlockSize = `${inside * 62}px`;
    }
    for (const heading of list.querySelectorAll('h3.group')) {
      const inside = heading.items.filter((item) => item.shown).length;
      heading.hidden = inside === 0;
      heading.textContent = `${heading.dataset.name} (${inside})`;
    }
    at('status').textContent = count === items.length
      ? `${count} findings`
      : `${count} of ${items.length} findings`;
  };

  // Order and groups.
  const compare = {
    '': (a, b) => a.order - b.order,
    old: (a, b) => (a.start ?? Infinity) - (b.start ?? Infinity) || a.order - b.order,
    new: (a, b) => (b.start ?? -Infinity) - (a.start ?? -Infinity) || a.order - b.order,
    name: (a, b) => a.name.localeCompare(b.name) || a.order - b.order,
  };
  const arrange = () => {
    const by = at('sort').value;
    if (by === 'name') {
      for (const item of items) item.name ??= item.node.querySelector('.name').textContent;
    }
    view = items.slice().sort(compare[by]);
    // Moving is faster outside the document.
    const place = list.parentNode;
    const focused = document.activeElement;
    list.remove();
    const old = Array.from(list.children);
    const parts = document.createDocumentFragment();
    const add = (members) => {
      for (let from = 0; from < members.length; from += 50) {
        const part = document.createElement('div');
        part.className = 'part';
        for (const item of members.slice(from, from + 50)) {
          item.part = part;
          part.append(item.node);
        }
        parts.append(part);
      }
    };
    const group = at('group') && at('group').value;
    if (group) {
      const names = form.querySelector(`select[data-n="${group}"]`).options;
      const groups = new Map();
      for (const item of view) {
        const value = item.values[Number(group)][0];
        if (!groups.has(value)) groups.set(value, []);
        groups.get(value).push(item);
      }
      view = [];
      for (const [value, members] of groups) {
        const heading = document.createElement('h3');
        heading.className = 'group';
        heading.dataset.name = names[Number(value) + 1].text.replace(/ \(\d+\)$/, '');
        heading.items = members;
        parts.append(heading);
        add(members);
        view = view.concat(members);
      }
    } else {
      add(view);
    }
    for (const part of old) part.remove();
    list.append(parts);
    place.append(list);
    if (list.contains(focused)) focused.focus();
    filter();
  };

  // Keys.
  const move = (step) => {
    const shown = view.filter((item) => item.shown);
    const here = shown.findIndex((item) => item.node.contains(document.activeElement));
    const next = shown[here < 0 ? 0 : Math.min(Math.max(here + step, 0), shown.length - 1)];
    if (next) {
      next.node.querySelector('summary').focus();
      next.node.scrollIntoView({ block: 'nearest' });
    }
  };
  const current = () => document.activeElement && document.activeElement.closest('details.f');
  const dark = () => getComputedStyle(root).colorScheme === 'dark'
    || (!root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  const turn = () => { root.dataset.theme = dark() ? 'light' : 'dark'; };
  const actions = {
    '/': () => form && at('search').focus(),
    j: () => move(1),
    k: () => move(-1),
    c: () => {
      const pre = current() && current().querySelector('pre:not(.lines)');
      if (pre) copy(pre.querySelector('code').textContent.trim(), 'Command');
    },
    l: () => {
      const body = current() && current().querySelector('.body');
      if (body) copy(location.href.split('#')[0] + '#' + body.id, 'Link');
    },
    x: clear,
    t: turn,
    '?': () => keys.showModal(),
  };
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, select, textarea');
    if (event.key === 'Escape' && typing) typing.blur();
    if (typing || keys.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  addButtons(document.querySelector('main > .first') || document.createElement('div'));
  for (const part of document.querySelectorAll('.todos')) addButtons(part);
  document.addEventListener('toggle', (event) => {
    if (event.target.open && event.target.matches('details')) addButtons(event.target);
  }, true);
  at('theme').addEventListener('click', turn);
  at('help').addEventListener('click', () => keys.showModal());
  at('close').addEventListener('click', () => keys.close());
  at('tools').hidden = false;
  if (form) {
    form.hidden = false;
    form.addEventListener('submit', (event) => event.preventDefault());
    at('clear').addEventListener('click', clear);
    form.addEventListener('input', (event) => {
      if (event.target.matches('#sort, #group')) arrange(); else filter();
    });
    filter();
    // The texts are read while nobody waits, a few at a time.
    let next = 0;
    const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
    const read = () => {
      const end = Math.min(next + 200, items.length);
      while (next < end) textOf(items[next++]);
      if (next < items.length) idle(read);
    };
    idle(read);
  }
  window.addEventListener('hashchange', openTarget);
  // The browser itself goes to the target when all is loaded.
  window.addEventListener('load', openTarget);
})();
