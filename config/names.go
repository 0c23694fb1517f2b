package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"slices"
)

// objectMembers are the names that every JavaScript object has; Wrangler ends
// with a TypeError if one of them is a binding's name.
var objectMembers = map[string]bool{
	"constructor": true, "__defineGetter__": true, "__defineSetter__": true, "hasOwnProperty": true,
	"__lookupGetter__": true, "__lookupSetter__": true, "isPrototypeOf": true, "propertyIsEnumerable": true,
	"toString": true, "valueOf": true, "__proto__": true, "toLocaleString": true,
}

// checkNames refuses names that are bound twice, by whatever kind.
func (s *scope) checkNames(e environment) {
	kinds := map[string][]string{}
	order := &tree.Value{Kind: tree.Table}
	note := func(noun, name string) bool {
		if objectMembers[name] {
			var at *tree.Value
			if places := s.places()[name]; places != nil {
				at = places[0]
			}
			return s.crash(at, name+" cannot be the name of a binding: every JavaScript object has a member of that name")
		}
		if name == "ASSETS" && s.file.Get("pages_build_output_dir") != nil {
			s.fail(nil, msgPagesReserved, slots{typ: noun})
		}
		if kinds[name] == nil {
			order.Members = append(order.Members, tree.Member{Key: name})
		}
		kinds[name] = append(kinds[name], noun)
		return true
	}
	for _, k := range kindsOfBindings {
		v := e.get(k.field)
		if !slices.Contains(environmentKeys, k.field) {
			v = s.file.Get(k.field)
		}
		if k.field == "queues" {
			v = v.Get("producers")
		}
		for _, name := range bindingNames(v) {
			if !note(k.noun, name) {
				return
			}
		}
	}
	required := e.get("secrets").Get("required")
	if required.IsGiven() && !required.Is(tree.List) && !required.Is(tree.Text) {
		s.crash(required, "secrets.required is not a list of names")
		return
	}
	for _, m := range required.Entries() {
		if !note("Secret", tree.ToString(m.Value)) {
			return
		}
	}
	order.Order()
	var twice []*tree.Value
	for _, m := range order.Members {
		if len(kinds[m.Key]) > 1 {
			s.failTwice(m.Key, kinds[m.Key])
			twice = append(s.places()[m.Key], s.file)
		}
	}
	if twice != nil {
		s.fail(twice[0], msgUniqueNames, slots{})
	}
}

// failTwice says by which kinds of bindings a name is bound.
func (s *scope) failTwice(name string, nouns []string) {
	count := map[string]int{}
	var different, several []string
	for _, noun := range nouns {
		switch count[noun]++; count[noun] {
		case 1:
			different = append(different, noun)
		case 2:
			several = append(several, noun)
		}
	}
	places := s.places()[name]
	fail := func(message, nouns string) {
		var at *tree.Value
		if len(places) > 0 {
			at = places[len(places)-1]
		}
		s.fail(at, message, slots{key: name, typ: nouns})
		d := &s.report.errors[len(s.report.errors)-1]
		const most = 3
		for _, other := range places[:min(max(len(places)-1, 0), most)] {
			d.Notes = append(d.Notes, diagnostic.Note{Text: name + " is bound here too", Place: s.place(other), LineText: s.source.LineText(other.Start)})
		}
	}
	if len(different) > 1 {
		fail(msgDifferent, english(different))
	}
	for _, noun := range several {
		fail(msgSeveral, noun)
	}
}

// places finds where each name is bound, in the order of the file.
func (s *scope) places() map[string][]*tree.Value {
	if s.bound != nil {
		return s.bound
	}
	s.bound = map[string][]*tree.Value{}
	add := func(name string, at *tree.Value) {
		if at != nil && at.End > 0 {
			s.bound[name] = append(s.bound[name], at)
		}
	}
	for _, k := range kindsOfBindings {
		v, key := s.active.get(k.field), "binding"
		switch k.field {
		case "vars":
			for _, m := range v.Entries() {
				add(m.Key, tree.KeyOf(m.Value))
			}
			continue
		case "queues":
			v = v.Get("producers")
		case "durable_objects", "logfwdr", "unsafe":
			v, key = v.Get("bindings"), "name"
		}
		if v.IsRecord() {
			v = &tree.Value{Kind: tree.List, Items: []*tree.Value{v}}
		}
		for _, m := range v.Entries() {
			x := m.Value.Get(key)
			add(x.Text(), x)
		}
	}
	for _, m := range s.active.get("secrets").Get("required").Entries() {
		add(m.Value.Text(), m.Value)
	}
	for _, places := range s.bound {
		slices.SortFunc(places, func(a, b *tree.Value) int { return a.Start - b.Start })
	}
	return s.bound
}
