package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Field is a field of a configuration. Bindings are the names that it binds. They are nil if
// a field of its kind binds no names. Page is its documentation.
type Field struct {
	Name     string
	Bindings []string
	Place    diagnostic.Place // of its key
	Page     string
}

// page is the documentation of all fields. An anchor of each follows it.
const page = "https://developers.cloudflare.com/workers/wrangler/configuration/#"

// NotEmulated lists the fields that have an effect in wrangler dev and none in emu.
func NotEmulated(d Document, active Environment) []Field {
	var list []Field
	for i := range fields {
		f := &fields[i]
		v := active.Get(f.name)
		if f.scope == topOnly || f.scope == topLast {
			v = d.File.Get(f.name)
		}
		if v != nil && v.End > 0 && !f.local && !f.deployed && !v.IsIdle() {
			key := tree.KeyOf(v)
			list = append(list, Field{Name: f.name, Bindings: boundBy(f.name, v), Place: d.Source.Place(key.Start, key.End), Page: page + f.page})
		}
	}
	return list
}

// boundBy lists the names that a field binds. It returns nil if a field of its kind binds no
// names, and an empty list if this one has none.
func boundBy(field string, v *tree.Value) []string {
	i := slices.IndexFunc(kindsOfBindings, func(k bindingKind) bool { return k.field == field })
	if i < 0 {
		return nil
	}
	names := []string{}
	if v = kindsOfBindings[i].within(v); field == "unsafe" || field == "logfwdr" {
		v = v.Get("bindings")
	}
	switch {
	case v.Is(tree.List):
		for _, x := range v.Items {
			if name := cmp.Or(x.Get("binding").Text(), x.Get("name").Text()); name != "" {
				names = append(names, name)
			}
		}
	case v.Get("binding").Is(tree.Text):
		names = append(names, v.Get("binding").Str)
	case strings.HasSuffix(field, "_blobs"), field == "wasm_modules":
		names = append(names, v.Keys()...)
	}
	return names
}
