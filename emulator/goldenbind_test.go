package emulator_test

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sqlite-storage-sql-type-conversions

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// call is a call in a case's Worker, r.NAME = FUNC(ARGUMENTS), with literals for
// arguments.
type call struct {
	name, function string
	args           []any
}

// calls lists them as they stand; a call with other arguments is left out.
func (o *gold) calls() (list []call) {
	source := strings.NewReplacer(`\u{1F600}`, "\U0001F600", `\0`, `\u0000`, "undefined", "null").Replace(o.play.source)
	source = regexp.MustCompile(`new Uint8Array\((\[[0-9, ]*\])\)`).ReplaceAllString(source, `{"bytes": $1}`)
	source = regexp.MustCompile(`'(\{"a":5\})'`).ReplaceAllString(source, `"{\"a\":5}"`)
	for _, m := range regexp.MustCompile(`r\.(\w+) = (\w+)\(`).FindAllStringSubmatchIndex(source, -1) {
		rest := source[m[1]:]
		d := json.NewDecoder(strings.NewReader("[" + rest))
		c := call{name: source[m[2]:m[3]], function: source[m[4]:m[5]]}
		if _, err := d.Token(); err != nil {
			o.play.t.Error(err)
		}
		end := 0
		for {
			var v any
			if d.Decode(&v) != nil {
				break
			}
			end = int(d.InputOffset()) - 1
			if b, ok := v.(map[string]any); ok {
				v = bytesOf(b["bytes"])
			}
			c.args = append(c.args, v)
		}
		if strings.HasPrefix(rest[end:], ")") && c.args != nil {
			list = append(list, c)
		}
	}
	return list
}

func bytesOf(list any) any {
	numbers, ok := list.([]any)
	if !ok {
		return nil
	}
	b := []byte{}
	for _, n := range numbers {
		b = append(b, byte(n.(float64)))
	}
	return b
}

func TestGoldenBindings(t *testing.T) {
	t.Parallel()
	golden(t, "SQL02", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		// first is [...raw()][0], or the exception.
		first := func(rows *durable.Rows) any {
			list, ok := arrays(rows).([]any)
			if !ok {
				return exceptionOf(rows.Err())
			}
			return list[0]
		}
		bind := func(v any) any { return o.query(first, "SELECT typeof(?1), ?1, hex(?1), length(?1)", v) }
		affinity := func(v any) any {
			o.exec("DELETE FROM a")
			if err := o.exec("INSERT INTO a VALUES (1, ?1, ?1, ?1, ?1, ?1, ?1, ?1, ?1, ?1)", v); err != nil {
				return exceptionOf(err)
			}
			row := o.query(first, "SELECT i, r, t, n, b, u, bo, d, v FROM a").([]any)
			types := o.query(first, "SELECT typeof(i), typeof(r), typeof(t), typeof(n), typeof(b), typeof(u), typeof(bo), typeof(d), typeof(v) FROM a").([]any)
			list := []any{}
			for i, v := range row {
				list = append(list, []any{types[i], v})
			}
			return list
		}
		strict := func(c string, v any) any {
			o.exec("DELETE FROM st")
			if err := o.exec("INSERT INTO st("+c+") VALUES (?)", v); err != nil {
				return exceptionOf(err)
			}
			return o.query(first, "SELECT typeof("+c+"), "+c+" FROM st")
		}
		for _, m := range regexp.MustCompile(`sql\.exec\("(CREATE TABLE (?:a|st|n)\([^"]*)"\)`).FindAllStringSubmatch(o.play.source, -1) {
			if err := o.exec(m[1]); err != nil {
				return nil, err
			}
		}
		for _, c := range o.calls() {
			switch c.function {
			case "b":
				r[c.name] = bind(c.args[0])
			case "aff":
				r[c.name] = affinity(c.args[0])
			case "strict":
				r[c.name] = strict(c.args[0].(string), c.args[1])
			case "q":
				r[c.name] = o.query(arrays, c.args[0].(string), c.args[1:]...)
			default:
				return nil, fmt.Errorf("r.%s = %s", c.name, c.function)
			}
		}
		// The rest are no literals, or have a type of their own in Go.
		type text string
		type number int32
		type blob []byte
		for name, v := range map[string]any{
			"undefined": (*int)(nil), "int": number(1), "zero": uint8(0), "neg": int64(-5), "real": float32(1.5), "max": int64(1<<53 - 1), "beyond": float64(1 << 53),
			"third": 1.0 / 3, "nan": math.NaN(), "inf": math.Inf(1), "ninf": math.Inf(-1), "t": true, "str": text("abc"), "u8": blob{0, 255},
			"ab": []byte{1, 2, 3}, "emptyBlob": blob{}, "emptyAb": []byte{}, "sub": []byte{1, 2, 3, 4, 5}[1:3], "dv": []byte{7, 8, 9}[1:], "u16": []byte{1, 0, 2, 0}, "f64": []byte{0, 0, 0, 0, 0, 0, 240, 63},
		} {
			r[name] = bind(v)
		}
		for name, v := range map[string]any{"affNan": math.NaN(), "affInf": math.Inf(1)} {
			r[name] = affinity(v)
		}
		return r, nil
	}})
}
