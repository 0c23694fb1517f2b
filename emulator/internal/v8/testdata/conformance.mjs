// The other side of TestConformance. Reads lines:
//   describe HEX    answers with the description of the value
//   make SEED       answers with HEX and the description of a value made here
// Descriptions are those of describe_test.go.
import v8 from "node:v8";
import readline from "node:readline";

const text = (s) => JSON.stringify(s).replace(/\\(.)/g, (e, c) => ("btnfr".includes(c) ? "\\u00" + JSON.parse(`"${e}"`).charCodeAt(0).toString(16).padStart(2, "0") : e));
const number = (f) => (Object.is(f, -0) ? "-0" : String(f));
const hex = (b) => Buffer.from(b).toString("hex");
const bits = { g: 1, i: 2, m: 4, y: 8, u: 16, s: 32, d: 128, v: 256 };

function describe(root) {
  const ids = new Map();
  const isIndex = (k) => String(k >>> 0) === k && k >>> 0 !== 0xffffffff;
  const pairs = (o, keys) => keys.map((k) => text(k) + ":" + value(o[k])).join(",");
  function value(v) {
    if (typeof v === "string") return text(v);
    if (typeof v === "number") return number(v);
    if (typeof v === "bigint") return v + "n";
    if (typeof v !== "object" || v === null) return String(v);
    if (ids.has(v)) return "#" + ids.get(v);
    const id = `#${ids.size} `;
    ids.set(v, ids.size);
    if (Array.isArray(v)) {
      const keys = Object.keys(v), n = keys.filter(isIndex).length, holes = n < v.length;
      let s = "[" + id;
      if (holes && v.length > 16) s += pairs(v, keys.slice(0, n));
      else for (let i = 0; i < v.length; i++) s += (i ? "," : "") + (i in v ? value(v[i]) : "");
      if (keys.length > n) s += ";" + pairs(v, keys.slice(n));
      return s + (holes ? ` length ${v.length}]` : "]");
    }
    if (v instanceof Date) return `date(${id}${number(v.getTime())})`;
    if (v instanceof RegExp) return `regexp(${id}${text(v.source)},${[...v.flags].reduce((n, f) => n + bits[f], 0)})`;
    if (v instanceof Map) return `map(${id}${[...v].map(([k, x]) => value(k) + "=>" + value(x) + ",").join("")})`;
    if (v instanceof Set) return `set(${id}${[...v].map((x) => value(x) + ",").join("")})`;
    if (v instanceof ArrayBuffer) return `${id}buffer ${hex(v)}${v.resizable ? " max " + v.maxByteLength : ""}`;
    if (ArrayBuffer.isView(v)) return `${id}${v.constructor.name}(${v.byteOffset},${v.byteLength} of ${value(v.buffer)})`;
    if (v instanceof Error) {
      const own = ["stack", "cause"].filter((k) => Object.hasOwn(v, k));
      const parts = own.map((k) => text(k) + ":" + value(v[k]));
      return `error(${id}${v.name},${Object.hasOwn(v, "message") ? text(v.message) : "nil"},true,${parts.join(",")})`;
    }
    if (v instanceof Boolean || v instanceof Number || v instanceof String || v instanceof BigInt) return `boxed(${id}${value(v.valueOf())})`;
    return `{${id}${pairs(v, Object.keys(v))}}`;
  }
  return value(root);
}

// make builds a random value whose bytes depend on the value only.
function make(seed) {
  let state = seed >>> 0 || 1;
  const below = (n) => {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    return (state >>> 0) % n;
  };
  const objects = [];
  const keep = (o) => { objects.push(o); return o; };
  const strings = ["", "a", "\u00e9", "\u20ac", "\u{1F600}", "\ud83d", "a\ude00", "id", "length", "-1", "01", "1.5", "4294967295", "\"\\\n\0", "more than a few characters of text"];
  const string = () => (below(3) ? strings[below(strings.length)] : "x".repeat(below(200)) + (below(2) ? "\u20ac" : ""));
  // Node's small integers have 32 bits and workerd's 31: not between 2^30 and 2^31.
  const numbers = [0, 1, -1, 63, 64, -64, -65, 2 ** 30 - 1, -(2 ** 30), 1.5, -0.25, -0, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e21, 1e-7, 5e-324];
  // Optimized code can make an integer that is kept as a double; | 0 cannot.
  const int = (f) => (Object.is(f | 0, f) ? f | 0 : f);
  const num = () => int(below(2) ? numbers[below(numbers.length)] : below(2) ? below(1 << 20) - (1 << 19) : below(1 << 30) / (1 + below(1 << 20)));
  const value = (depth) => {
    switch (below(depth > 0 ? 18 : 7)) {
      case 0: return null;
      case 1: return below(2) === 0;
      case 2: case 3: return num();
      case 4: return string();
      case 5: return BigInt(below(1 << 30) - (1 << 29)) << BigInt(below(200));
      case 6: return objects.length ? objects[below(objects.length)] : undefined;
      case 7: case 8: case 9: {
        // In an object with a prototype all of one shape write an integer as a
        // double once one of them held a fraction there.
        const o = keep(Object.create(null));
        for (let n = below(6); n > 0; n--) o[below(4) ? string() : [0, 7, 10, 2 ** 30 - 1, 2 ** 31 + 5, 2 ** 32 - 2][below(6)]] ??= boxless(value(depth - 1));
        return o;
      }
      case 10: case 11: {
        const a = keep(JSON.parse("[]")); // a literal would remember what its arrays became
        const numbers = below(3) === 0, parts = [];
        for (let n = below(6); n > 0; n--) parts.push(numbers ? num() : boxless(value(depth - 1)));
        // As in a literal, whose elements are known together: one that is no
        // number keeps the array from being one of doubles for a while.
        if (!parts.every((v) => typeof v === "number")) { a.push(null); a.pop(); }
        for (const v of parts) a.push(v);
        if (below(4) === 0) a["k" + below(3)] = value(depth - 1);
        return a;
      }
      case 12: { const m = keep(new Map()); for (let n = below(4); n > 0; n--) m.set(value(0), value(depth - 1)); return m; }
      case 13: { const s = keep(new Set()); for (let n = below(4); n > 0; n--) s.add(value(0)); return s; }
      case 14: return keep(below(5) ? new Date(below(2 ** 31) * 1000 - 1e12) : new Date(NaN));
      case 15: return keep(new RegExp(["a", "\\d+", "\u20ac", "a/b"][below(4)], ["", "g", "gi", "dgimsuy", "v"][below(5)]));
      case 16: {
        const b = keep(new ArrayBuffer(8 * below(4)));
        new Uint8Array(b).forEach((_, i, u) => (u[i] = below(256)));
        const at = 8 * below(b.byteLength / 8 + 1), n = (b.byteLength - at) / 8;
        return keep(below(2) ? new DataView(b, at) : new [Float64Array, BigInt64Array, BigUint64Array][below(3)](b, at, below(n + 1)));
      }
      case 17: {
        const e = keep(new [Error, TypeError, RangeError, SyntaxError, URIError, EvalError, ReferenceError][below(7)](string()));
        e.stack = string();
        if (below(2)) e.cause = value(depth - 1);
        return e;
      }
    }
  };
  const boxless = (v) => (v === undefined ? null : v);
  return value(5);
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(" ");
  if (command === "describe") {
    const d = new v8.Deserializer(Buffer.from(argument, "hex"));
    d.readHeader();
    try {
      console.log(describe(d.readValue()));
    } catch (e) {
      console.log(`${e} ${argument}`);
    }
  } else {
    const v = make(Number(argument));
    const s = new v8.Serializer();
    s.writeHeader();
    s.writeValue(v);
    console.log(hex(s.releaseBuffer()) + " " + describe(v));
  }
}
