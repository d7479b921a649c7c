// What a browser shows of HTML documents. The page that loads this has `bodies`, a list of sources;
// the answer, one object for each, is left as JSON in the element `answer`.
//
// `inner`: `innerText` of the body. `seen`: the same without the text nodes that a person cannot see
// (nothing drawn, transparent, no larger than a dot, in the colour of its ground, outside of the page
// or cut off). `unseen`: those text nodes.
"use strict";

const DOT = 2;

function channels(color) {
  const numbers = (color.match(/[\d.]+/g) || []).map(Number);
  return numbers.length >= 3 ? [numbers[0], numbers[1], numbers[2], numbers.length > 3 ? numbers[3] : 1] : null;
}

// What an element's children stand on: a colour, or null for a picture.
function ground(element, view, memo) {
  if (!element) return [255, 255, 255, 1];
  if (memo.has(element)) return memo.get(element);
  const style = view.getComputedStyle(element);
  const own = channels(style.backgroundColor);
  let result;
  if (style.backgroundImage !== "none" || element.hasAttribute("background")) result = null;
  else if (own && own[3] > 0.5) result = own;
  else result = ground(element.parentElement, view, memo);
  memo.set(element, result);
  return result;
}

function look(element, view, memo) {
  if (!element) return { opacity: 1, boxes: [] };
  if (memo.has(element)) return memo.get(element);
  const style = view.getComputedStyle(element);
  const above = look(element.parentElement, view, memo);
  const result = { opacity: above.opacity * Number(style.opacity), boxes: above.boxes };
  const clips = style.overflowX !== "visible" || style.overflowY !== "visible";
  const scrolls = [style.overflowX, style.overflowY].some((way) => way === "auto" || way === "scroll");
  const root = element === element.ownerDocument.documentElement || element === element.ownerDocument.body;
  if (clips && !scrolls && !root && style.display !== "inline" && style.display !== "contents") {
    result.boxes = above.boxes.concat([element.getBoundingClientRect()]);
  }
  if (style.clip !== "auto" && style.position === "absolute" && /^rect\((0|1)(px)?,? *(0|1)(px)?,? *(0|1)(px)?,? *(0|1)(px)?\)$/.test(style.clip)) {
    result.opacity = 0;
  }
  memo.set(element, result);
  return result;
}

function isSeen(node, view, grounds, looks) {
  const element = node.parentElement;
  if (!element) return false;
  const style = view.getComputedStyle(element);
  const range = node.ownerDocument.createRange();
  range.selectNodeContents(node);
  const rects = Array.from(range.getClientRects()).filter((rect) => rect.width > 0 && rect.height >= DOT);
  if (!rects.length || style.visibility !== "visible" || parseFloat(style.fontSize) < DOT) return false;
  const { opacity, boxes } = look(element, view, looks);
  if (opacity < 0.05) return false;
  // The letters are windows to the background.
  const window = [style.backgroundClip, style.webkitBackgroundClip].includes("text");
  const ink = window ? null : channels(style.webkitTextFillColor || style.color);
  const paper = ground(element, view, grounds);
  if (ink && ink[3] < 0.05) return false;
  const difference = ink && paper ? [0, 1, 2].reduce((sum, at) => sum + Math.abs(ink[at] - paper[at]), 0) : 999;
  if (difference <= 12) return false;
  return rects.some((rect) => {
    let [left, top, right, bottom] = [rect.left, rect.top, rect.right, rect.bottom];
    if (right + view.scrollX <= 0 || bottom + view.scrollY <= 0) return false;
    for (const box of boxes) {
      left = Math.max(left, box.left);
      top = Math.max(top, box.top);
      right = Math.min(right, box.right);
      bottom = Math.min(bottom, box.bottom);
    }
    return right - left >= DOT && bottom - top >= DOT;
  });
}

function read(source) {
  const frame = document.createElement("iframe");
  // No scripts run in it, as in a mail program.
  frame.sandbox = "allow-same-origin";
  frame.width = 800;
  frame.height = 600;
  document.body.append(frame);
  const page = frame.contentDocument;
  page.open();
  page.write(source);
  page.close();
  const answer = { inner: "", seen: "", unseen: [] };
  if (page.body) {
    answer.inner = page.body.innerText;
    const view = frame.contentWindow;
    const [grounds, looks] = [new Map(), new Map()];
    const unseen = [];
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const silent = node.parentElement && node.parentElement.closest("script, style, title, template, noembed, noframes, iframe, option");
      if (silent || !node.data.trim()) continue;
      if (!isSeen(node, view, grounds, looks)) unseen.push(node);
    }
    answer.unseen = unseen.map((node) => node.data);
    unseen.forEach((node) => (node.data = ""));
    answer.seen = page.body.innerText;
  }
  frame.remove();
  return answer;
}

function plain(text) {
  return text.replace(/[^\x20-\x7e]|[<>&]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

const answers = bodies.map((source) => {
  try {
    return read(source);
  } catch (error) {
    return { error: String(error) };
  }
});
document.getElementById("answer").textContent = plain(JSON.stringify(answers));
