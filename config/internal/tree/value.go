// Package tree is a configuration as JavaScript sees its values.
package tree

import (
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// Kind is the type of a value, in the words of JSON and of TOML's dates.
type Kind uint8

const (
	Null Kind = iota
	Boolean
	Number
	Text
	Date
	List
	Table
)

// Value is a value of the configuration. A nil *Value is JavaScript's undefined. The offsets
// count bytes of the file, from which a diagnostic computes line and column.
type Value struct {
	Kind       Kind
	Start, End int // of the value, or of the header that opens a TOML table
	KeyStart   int // of the key that names it, if KeyEnd > 0
	KeyEnd     int
	Bool       bool
	Num        float64
	Str        string // the text, or a date in ISO 8601
	Items      []*Value
	Members    []Member
	index      map[string]int // of Members by key; Find makes it if there are many
}

// NewText makes a string that is not in the source.
func NewText(s string) *Value { return &Value{Kind: Text, Str: s} }

// NewTexts makes a list of strings that is not in the source.
func NewTexts(texts []string) *Value {
	list := &Value{Kind: List}
	for _, s := range texts {
		list.Items = append(list.Items, NewText(s))
	}
	return list
}

// Member is a key of a table with its value. A value that is ignored is nil.
type Member struct {
	Key   string
	Value *Value
}

// manyMembers is the size from which a table is searched through an index.
const manyMembers = 12

// Find returns the index of a key in Members, or -1.
func (v *Value) Find(key string) int {
	if len(v.Members) < manyMembers {
		for i := range v.Members {
			if v.Members[i].Key == key {
				return i
			}
		}
		return -1
	}
	if v.index == nil {
		v.index = make(map[string]int, len(v.Members))
		for i, m := range v.Members {
			v.index[m.Key] = i
		}
	}
	if i, ok := v.index[key]; ok {
		return i
	}
	return -1
}

// Put sets a key. An existing key keeps its position, as in JavaScript.
func (v *Value) Put(key string, to *Value) {
	if i := v.Find(key); i >= 0 {
		v.Members[i].Value = to
		return
	}
	v.Members = append(v.Members, Member{key, to})
	if v.index != nil {
		v.index[key] = len(v.Members) - 1
	}
}

// Get returns the value of a key of a table, or of an index of a list, or nil.
func (v *Value) Get(key string) *Value {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case Table:
		if i := v.Find(key); i >= 0 {
			return v.Members[i].Value
		}
	case List:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(v.Items) && strconv.Itoa(i) == key {
			return v.Items[i]
		}
	}
	return nil
}

// Entries lists what Object.entries does: the members of a table, the items of a list by
// index, the characters of a string by index, and nothing of any other value.
func (v *Value) Entries() []Member {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case Table:
		return v.Members
	case List:
		m := make([]Member, len(v.Items))
		for i, item := range v.Items {
			m[i] = Member{strconv.Itoa(i), item}
		}
		return m
	case Text:
		var m []Member
		for _, r := range v.Str {
			for _, unit := range utf16Units(r) {
				m = append(m, Member{strconv.Itoa(len(m)), &Value{Kind: Text, Str: unit, Start: v.Start, End: v.End, KeyStart: v.KeyStart, KeyEnd: v.KeyEnd}})
			}
		}
		return m
	}
	return nil
}

// Keys lists what Object.keys does.
func (v *Value) Keys() []string {
	entries := v.Entries()
	keys := make([]string, len(entries))
	for i, m := range entries {
		keys[i] = m.Key
	}
	return keys
}

// utf16Units splits a character into what JavaScript's string indexes count.
func utf16Units(r rune) []string {
	if high, low := utf16.EncodeRune(r); r > 0xFFFF {
		return []string{string(javascript.AppendRune(nil, high)), string(javascript.AppendRune(nil, low))}
	}
	return []string{string(r)}
}

// Is reports whether v is of a kind. undefined is of none.
func (v *Value) Is(k Kind) bool { return v != nil && v.Kind == k }

// IsRecord reports whether v is an object and no array. A TOML date is one in JavaScript.
func (v *Value) IsRecord() bool { return v.Is(Table) || v.Is(Date) }

// IsObject reports whether JavaScript's typeof is "object" and v is not null.
func (v *Value) IsObject() bool { return v.IsRecord() || v.Is(List) }

// IsGiven reports whether v is neither undefined nor null.
func (v *Value) IsGiven() bool { return v != nil && v.Kind != Null }

// IsIdle reports whether v has no effect as a setting: it is null, false, an empty list, or a
// table of such values.
func (v *Value) IsIdle() bool {
	switch v.Kind {
	case Null:
		return true
	case Boolean:
		return !v.Bool
	case List:
		return len(v.Items) == 0
	case Table:
		return !slices.ContainsFunc(v.Entries(), func(m Member) bool { return !m.Value.IsIdle() })
	}
	return false
}

// IsTruthy reports whether JavaScript's if takes v for true.
func (v *Value) IsTruthy() bool {
	switch {
	case v == nil || v.Kind == Null:
		return false
	case v.Kind == Boolean:
		return v.Bool
	case v.Kind == Number:
		return v.Num != 0 && v.Num == v.Num // not NaN
	case v.Kind == Text:
		return v.Str != ""
	}
	return true
}

// Typeof is JavaScript's typeof.
func (v *Value) Typeof() string {
	if v == nil {
		return "undefined"
	}
	switch v.Kind {
	case Boolean:
		return "boolean"
	case Number:
		return "number"
	case Text:
		return "string"
	}
	return "object"
}

// Noun names the type with its article, for a sentence.
func (v *Value) Noun() string {
	switch v.Kind {
	case Null:
		return "null"
	case List:
		return "a list"
	}
	return "a " + v.Typeof()
}

// Text returns the text of a string and "" for all else.
func (v *Value) Text() string {
	if v.Is(Text) {
		return v.Str
	}
	return ""
}

// Order puts the keys into the order of a JavaScript object: array indexes stand in front, in
// ascending order.
func (v *Value) Order() {
	slices.SortStableFunc(v.Members, func(a, b Member) int { return javascript.CompareKeys(a.Key, b.Key) })
	v.index = nil
}

// IsHeaded reports whether a TOML header, [name] or [[name]], opens the value.
func (v *Value) IsHeaded() bool {
	return v.KeyEnd > 0 && v.Start == v.KeyStart && (v.Kind == Table || v.Kind == List)
}

// KeyOf is a value at the place of v's key, for a diagnostic that points at the key. If v has
// no key, as an item of a list, it is v.
func KeyOf(v *Value) *Value {
	if v == nil || v.KeyEnd == 0 {
		return v
	}
	return &Value{Start: v.KeyStart, End: v.KeyEnd}
}
