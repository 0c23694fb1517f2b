package v8

// Properties, and the entries of Maps and Sets.

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *encoder) key(key string) error {
	if n, ok := driver.ArrayIndex(key); ok {
		e.number(float64(n))
		return nil
	}
	return e.text(key)
}

func (e *encoder) properties(list []driver.Property) error {
	for i := range list {
		if err := e.key(list[i].Key); err != nil {
			return err
		}
		if err := e.value(list[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// end reads the end of a compound value if it is next.
func (d *decoder) end(tag byte) (bool, error) {
	next, ok := d.peek()
	if !ok {
		return false, d.fail("the value ends early")
	}
	if next == tag {
		d.at++
	}
	return next == tag, nil
}

func (d *decoder) count(what string, n int) error {
	want, err := d.uvarint()
	if err == nil && uint64(want) != uint64(n) {
		err = d.fail("%d %s, announced %d", n, what, want)
	}
	return err
}

func (d *decoder) mapValue() (driver.Value, error) {
	v := &driver.Map{}
	d.enter(v)
	for {
		if end, err := d.end(tagMapEnd); err != nil {
			return nil, err
		} else if end {
			return v, d.count("keys and values", 2*len(v.Entries))
		}
		key, err := d.value()
		if err != nil {
			return nil, err
		}
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		v.Entries = append(v.Entries, driver.MapEntry{Key: key, Value: value})
	}
}

func (d *decoder) set() (driver.Value, error) {
	v := &driver.Set{}
	d.enter(v)
	for {
		if end, err := d.end(tagSetEnd); err != nil {
			return nil, err
		} else if end {
			return v, d.count("values", len(v.Values))
		}
		member, err := d.value()
		if err != nil {
			return nil, err
		}
		v.Values = append(v.Values, member)
	}
}

// properties reads up to the end and puts what it read into JavaScript's order:
// array indexes first, ascending, and a key once, where it was first set.
func (d *decoder) properties(end byte) ([]driver.Property, error) {
	var list []driver.Property
	n, last, ordered := 0, int64(-1), true
	for {
		if stop, err := d.end(end); err != nil {
			return nil, err
		} else if stop {
			break
		}
		key, err := d.key()
		if err != nil {
			return nil, err
		}
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		place := int64(math.MaxUint32)
		if i, ok := driver.ArrayIndex(key); ok {
			place = int64(i)
		}
		if place < last || place == last && place < math.MaxUint32 {
			ordered = false
		}
		last = place
		list = append(list, driver.Property{Key: key, Value: value})
		n++
	}
	if !ordered {
		slices.SortStableFunc(list, func(a, b driver.Property) int {
			i, iok := driver.ArrayIndex(a.Key)
			j, jok := driver.ArrayIndex(b.Key)
			switch {
			case iok && jok:
				return cmp.Compare(i, j)
			case iok:
				return -1
			case jok:
				return 1
			}
			return 0
		})
	}
	return once(list), d.count("properties", n)
}

// once drops the earlier values of keys that occur twice, which V8 never writes.
func once(list []driver.Property) []driver.Property {
	var at map[string]int
	if len(list) > 16 {
		at = make(map[string]int, len(list))
	}
	out := list[:0]
next:
	for _, p := range list {
		if at != nil {
			if i, ok := at[p.Key]; ok {
				out[i].Value = p.Value
				continue
			}
			at[p.Key] = len(out)
		} else {
			for i := range out {
				if out[i].Key == p.Key {
					out[i].Value = p.Value
					continue next
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func (d *decoder) key() (string, error) {
	tag, err := d.tag()
	if err != nil {
		return "", err
	}
	if tag == tagInt32 || tag == tagUint32 || tag == tagDouble {
		v, err := d.valueOf(tag)
		if err != nil {
			return "", err
		}
		return numberKey(float64(v.(driver.Number))), nil
	}
	if tag != tagOneByteString || d.at == len(d.b) || d.b[d.at] >= 0x80 {
		return d.textOf(tag)
	}
	// A short key is likely to come again.
	n := int(d.b[d.at])
	if n == 0 || n > len(d.b)-d.at-1 {
		return d.textOf(tag)
	}
	b := d.b[d.at+1 : d.at+1+n]
	known := &d.keys[(n+int(b[0])+int(b[n-1]))%len(d.keys)]
	if string(b) == *known {
		d.at += 1 + n
		return *known, nil
	}
	key, err := d.textOf(tag)
	if err == nil && len(key) == n { // all ASCII
		*known = key
	}
	return key, err
}
