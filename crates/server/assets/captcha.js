// The captcha's work: finds a number that, behind the challenge, gives a SHA-256 with enough leading zero bits. Then nobody
// has to read or hear digits. Hashes in slices, so that the page stays awake; without script the digits remain.
(() => {
  "use strict";
  const box = document.querySelector("[data-captcha]");
  if (!box) return;
  const { captcha, bits, working, done } = box.dataset;
  const news = box.querySelector(".captcha-news");
  const typed = box.querySelector(".captcha-typed");
  const nonce = box.querySelector("[name=captcha_nonce]");

  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  const K = primes.map((p) => fraction(Math.cbrt(p)));
  const BEGIN = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const w = new Int32Array(64);

  // One block of 64 bytes into a state of eight words.
  const mix = (state, block, at) => {
    for (let i = 0; i < 16; i++, at += 4) w[i] = (block[at] << 24) | (block[at + 1] << 16) | (block[at + 2] << 8) | block[at + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = (w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const t = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + s) | 0; d = c; c = b; b = a; a = (s + t) | 0;
    }
    return [a, b, c, d, e, f, g, h].map((v, i) => (v + state[i]) | 0);
  };

  // What stands before the nonce is hashed once, up to its last whole block.
  const text = new TextEncoder().encode(captcha + ":");
  const whole = text.length - (text.length % 64);
  let first = BEGIN;
  for (let at = 0; at < whole; at += 64) first = mix(first, text, at);
  const rest = text.subarray(whole);

  const enough = (number) => {
    const digits = new TextEncoder().encode(String(number));
    const length = rest.length + digits.length;
    const tail = new Uint8Array(length + 9 > 64 ? 128 : 64);
    tail.set(rest);
    tail.set(digits, rest.length);
    tail[length] = 0x80;
    new DataView(tail.buffer).setUint32(tail.length - 4, (whole + length) * 8);
    let state = first;
    for (let at = 0; at < tail.length; at += 64) state = mix(state, tail, at);
    return Math.clz32(state[0]) >= Number(bits);
  };

  let number = 0;
  const slice = () => {
    const until = performance.now() + 12;
    while (performance.now() < until) {
      for (let n = 0; n < 64; n++, number++) {
        if (!enough(number)) continue;
        nonce.value = number;
        news.textContent = done;
        return;
      }
    }
    setTimeout(slice);
  };
  if (box.classList.contains("bad")) box.classList.remove("bad");
  typed.hidden = true;
  news.textContent = working;
  // A form that is sent too soon waits for the answer.
  box.form?.addEventListener("submit", (event) => {
    if (nonce.value || box.querySelector("[name=captcha_digits]").value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    const wait = setInterval(() => {
      if (!nonce.value) return;
      clearInterval(wait);
      box.form.requestSubmit(button);
    }, 50);
  }, true);
  slice();
})();
