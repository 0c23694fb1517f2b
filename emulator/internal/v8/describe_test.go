package v8

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// describe writes v so that equal trees, and only those, have equal texts. It
// shows references, and does not show how an array was written. The oracle
// script describes JavaScript values in the same way.
func describe(v driver.Value) string {
	d := describer{ids: map[driver.Value]int{}}
	d.value(v)
	return d.String()
}

type describer struct {
	strings.Builder
	ids map[driver.Value]int
}

func (d *describer) number(f float64) string {
	if f == 0 && strconv.FormatFloat(f, 'g', -1, 64) == "-0" {
		return "-0"
	}
	return javascript.NumberText(f)
}

// text quotes as JSON.stringify does, lone surrogates too.
func (d *describer) text(s string) {
	d.WriteByte('"')
	for len(s) > 0 {
		r, size := javascript.DecodeRune(s)
		s = s[size:]
		switch {
		case r == '"' || r == '\\':
			d.WriteByte('\\')
			d.WriteRune(r)
		case r < ' ' || utf16.IsSurrogate(r):
			fmt.Fprintf(d, "\\u%04x", r)
		default:
			d.Write(utf8.AppendRune(nil, r))
		}
	}
	d.WriteByte('"')
}

func (d *describer) properties(list []driver.Property) {
	for i, p := range list {
		if i > 0 {
			d.WriteByte(',')
		}
		d.text(p.Key)
		d.WriteByte(':')
		d.value(p.Value)
	}
}

func (d *describer) value(v driver.Value) {
	switch v := v.(type) {
	case nil:
		d.WriteString("nil")
		return
	case driver.Undefined:
		d.WriteString("undefined")
		return
	case driver.Null:
		d.WriteString("null")
		return
	case driver.Bool:
		d.WriteString(strconv.FormatBool(bool(v)))
		return
	case driver.Number:
		d.WriteString(d.number(float64(v)))
		return
	case driver.String:
		d.text(string(v))
		return
	case driver.BigInt:
		d.WriteString(v.Int.String() + "n")
		return
	case driver.Hole:
		return
	}
	if id, ok := d.ids[v]; ok {
		fmt.Fprintf(d, "#%d", id)
		return
	}
	id := fmt.Sprintf("#%d ", len(d.ids))
	d.ids[v] = len(d.ids)
	switch v := v.(type) {
	case *driver.Object:
		d.WriteString("{" + id)
		d.properties(v.Properties)
		d.WriteByte('}')
	case *driver.Array:
		d.array(v, id)
	case *driver.Date:
		d.WriteString("date(" + id + d.number(v.Milliseconds) + ")")
	case *driver.RegExp:
		d.WriteString("regexp(" + id)
		d.text(v.Source)
		fmt.Fprintf(d, ",%d)", v.Flags)
	case *driver.Map:
		d.WriteString("map(" + id)
		for _, e := range v.Entries {
			d.value(e.Key)
			d.WriteString("=>")
			d.value(e.Value)
			d.WriteByte(',')
		}
		d.WriteByte(')')
	case *driver.Set:
		d.WriteString("set(" + id)
		for _, m := range v.Values {
			d.value(m)
			d.WriteByte(',')
		}
		d.WriteByte(')')
	case *driver.ArrayBuffer:
		d.WriteString(id + "buffer " + hex.EncodeToString(v.Data))
		if v.Resizable {
			fmt.Fprintf(d, " max %d", v.MaxByteLength)
		}
	case *driver.View:
		fmt.Fprintf(d, "%s%s(%d,%d of ", id, v.Kind, v.Offset, v.Length)
		d.value(v.Buffer)
		if v.LengthTracking {
			d.WriteString(" tracking")
		}
		d.WriteByte(')')
	case *driver.Boxed:
		d.WriteString("boxed(" + id)
		d.value(v.Value)
		d.WriteByte(')')
	case *driver.ErrorValue:
		d.WriteString("error(" + id + v.Name + ",")
		if v.Plain && v.Message == nil {
			d.WriteString("nil")
		} else if v.Message == nil {
			d.text("")
		} else {
			d.text(*v.Message)
		}
		fmt.Fprintf(d, ",%t,", v.Plain)
		d.properties(v.Properties)
		d.WriteByte(')')
	case *driver.Opaque:
		fmt.Fprintf(d, "opaque(%s%x,", id, v.Data)
		d.value(v.Value)
		d.WriteByte(')')
	default:
		panic(fmt.Sprintf("%T", v))
	}
}

// array shows elements in place if there are no holes or few of them, else by index.
func (d *describer) array(a *driver.Array, id string) {
	length := max(len(a.Elements), a.Length)
	var list []driver.Property
	for i, v := range a.Elements {
		if v != (driver.Hole{}) {
			list = append(list, driver.Property{Key: strconv.Itoa(i), Value: v})
		}
	}
	list = append(list, a.Properties...)
	n := 0
	for n < len(list) {
		if _, ok := javascript.ArrayIndex(list[n].Key); !ok {
			break
		}
		n++
	}
	holes := n < length
	d.WriteString("[" + id)
	if holes && length > 16 {
		d.properties(list[:n])
	} else {
		at := 0
		for i := range length {
			if i > 0 {
				d.WriteByte(',')
			}
			if at < n && list[at].Key == strconv.Itoa(i) {
				d.value(list[at].Value)
				at++
			}
		}
	}
	if n < len(list) {
		d.WriteByte(';')
		d.properties(list[n:])
	}
	if holes {
		fmt.Fprintf(d, " length %d", length)
	}
	d.WriteByte(']')
}
