package config

import (
	"slices"
	"strconv"
	"unicode/utf16"
)

// kind is the type of a value, in the words of JSON and of TOML's dates.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	date
	list
	table
)

// value is a node of the tree that JSONC and TOML are both read into. A nil
// *value is what JavaScript calls undefined. Places are byte offsets into the
// source; only diagnostics turn them into lines and columns.
type value struct {
	kind       kind
	start, end int // of the value, or of the header that opens a TOML table
	keyStart   int // of the key that names it, if keyEnd > 0
	keyEnd     int
	bool       bool
	made       made // how TOML defines it
	num        float64
	str        string // the text, or a date in ISO 8601
	items      []*value
	members    []member
	index      map[string]int // of members, once there are many
}

// member is a key of a table with its value, nil once the value is ignored.
type member struct {
	key   string
	value *value
}

// manyMembers is the size from which a table is searched through an index.
const manyMembers = 12

// find returns the place of a key among the members, or -1.
func (v *value) find(key string) int {
	if len(v.members) < manyMembers {
		for i := range v.members {
			if v.members[i].key == key {
				return i
			}
		}
		return -1
	}
	if v.index == nil {
		v.index = make(map[string]int, len(v.members))
		for i, m := range v.members {
			v.index[m.key] = i
		}
	}
	if i, ok := v.index[key]; ok {
		return i
	}
	return -1
}

// put sets a key. A key that is there already keeps its place, as in JavaScript.
func (v *value) put(key string, to *value) {
	if i := v.find(key); i >= 0 {
		v.members[i].value = to
		return
	}
	v.members = append(v.members, member{key, to})
	if v.index != nil {
		v.index[key] = len(v.members) - 1
	}
}

// get returns the value of a key of a table or of an index of a list, or nil.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	switch v.kind {
	case table:
		if i := v.find(key); i >= 0 {
			return v.members[i].value
		}
	case list:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(v.items) && strconv.Itoa(i) == key {
			return v.items[i]
		}
	}
	return nil
}

// entries lists what Object.entries would: the members of a table, the indexed
// items of a list, the characters of a string, and nothing for all else.
func (v *value) entries() []member {
	if v == nil {
		return nil
	}
	switch v.kind {
	case table:
		return v.members
	case list:
		m := make([]member, len(v.items))
		for i, item := range v.items {
			m[i] = member{strconv.Itoa(i), item}
		}
		return m
	case text:
		var m []member
		for _, r := range v.str {
			for _, unit := range utf16Units(r) {
				m = append(m, member{strconv.Itoa(len(m)), &value{kind: text, str: unit, start: v.start, end: v.end, keyStart: v.keyStart, keyEnd: v.keyEnd}})
			}
		}
		return m
	}
	return nil
}

// keys lists what Object.keys would.
func (v *value) keys() []string {
	entries := v.entries()
	keys := make([]string, len(entries))
	for i, m := range entries {
		keys[i] = m.key
	}
	return keys
}

// utf16Units splits a character as JavaScript indexes it.
func utf16Units(r rune) []string {
	if high, low := utf16.EncodeRune(r); r > 0xFFFF {
		return []string{string(appendSurrogate(nil, high)), string(appendSurrogate(nil, low))}
	}
	return []string{string(r)}
}

func (v *value) is(k kind) bool { return v != nil && v.kind == k }

// record reports whether v is an object that is not an array, as Wrangler asks.
func (v *value) record() bool { return v.is(table) || v.is(date) }

// object reports what JavaScript's typeof calls an object, but for null.
func (v *value) object() bool { return v.record() || v.is(list) }

// given reports what JavaScript's ?? lets through.
func (v *value) given() bool { return v != nil && v.kind != null }

// idle reports whether a value asks for nothing: false, null, and what holds no more
// than that.
func (v *value) idle() bool {
	switch v.kind {
	case null:
		return true
	case boolean:
		return !v.bool
	case list:
		return len(v.items) == 0
	case table:
		return !slices.ContainsFunc(v.entries(), func(m member) bool { return !m.value.idle() })
	}
	return false
}

// truthy reports what JavaScript's if lets through.
func (v *value) truthy() bool {
	switch {
	case v == nil || v.kind == null:
		return false
	case v.kind == boolean:
		return v.bool
	case v.kind == number:
		return v.num != 0 && v.num == v.num
	case v.kind == text:
		return v.str != ""
	}
	return true
}

// typeof is JavaScript's.
func (v *value) typeof() string {
	if v == nil {
		return "undefined"
	}
	switch v.kind {
	case boolean:
		return "boolean"
	case number:
		return "number"
	case text:
		return "string"
	}
	return "object"
}

// text returns the text of a string and "" for all else.
func (v *value) text() string {
	if v.is(text) {
		return v.str
	}
	return ""
}

// order puts keys that look like array indexes first, ascending, as
// JavaScript's objects do.
func (v *value) order() {
	at := func(m member) (uint64, bool) {
		if m.key == "" || m.key[0] < '0' || m.key[0] > '9' || m.key[0] == '0' && len(m.key) > 1 {
			return 0, false
		}
		n, err := strconv.ParseUint(m.key, 10, 32)
		return n, err == nil && n < 1<<32-1
	}
	if !slices.ContainsFunc(v.members, func(m member) bool { _, ok := at(m); return ok }) {
		return
	}
	slices.SortStableFunc(v.members, func(a, b member) int {
		x, xok := at(a)
		y, yok := at(b)
		switch {
		case xok && yok && x < y, xok && !yok:
			return -1
		case xok && yok && x > y, !xok && yok:
			return 1
		}
		return 0
	})
	v.index = nil
}
