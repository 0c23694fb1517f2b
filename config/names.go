package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
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
	order := &value{kind: table}
	note := func(noun, name string) bool {
		if objectMembers[name] {
			var at *value
			if places := s.places()[name]; places != nil {
				at = places[0]
			}
			return s.crash(at, name+" cannot be the name of a binding: every JavaScript object has a member of that name")
		}
		if name == "ASSETS" && s.file.get("pages_build_output_dir") != nil {
			s.fail(nil, msgPagesReserved, slots{typ: noun})
		}
		if kinds[name] == nil {
			order.members = append(order.members, member{key: name})
		}
		kinds[name] = append(kinds[name], noun)
		return true
	}
	for _, k := range kindsOfBindings {
		v := e.get(k.field)
		if !slices.Contains(environmentKeys, k.field) {
			v = s.file.get(k.field)
		}
		if k.field == "queues" {
			v = v.get("producers")
		}
		for _, name := range bindingNames(v) {
			if !note(k.noun, name) {
				return
			}
		}
	}
	required := e.get("secrets").get("required")
	if required.given() && !required.is(list) && !required.is(text) {
		s.crash(required, "secrets.required is not a list of names")
		return
	}
	for _, m := range required.entries() {
		if !note("Secret", jsString(m.value)) {
			return
		}
	}
	order.order()
	var twice []*value
	for _, m := range order.members {
		if len(kinds[m.key]) > 1 {
			s.failTwice(m.key, kinds[m.key])
			twice = append(s.places()[m.key], s.file)
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
		var at *value
		if len(places) > 0 {
			at = places[len(places)-1]
		}
		s.fail(at, message, slots{key: name, typ: nouns})
		d := &s.report.errors[len(s.report.errors)-1]
		const most = 3
		for _, other := range places[:min(max(len(places)-1, 0), most)] {
			d.Notes = append(d.Notes, diagnostic.Note{Text: name + " is bound here too", Place: s.place(other), LineText: s.source.LineText(other.start)})
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
func (s *scope) places() map[string][]*value {
	if s.bound != nil {
		return s.bound
	}
	s.bound = map[string][]*value{}
	add := func(name string, at *value) {
		if at != nil && at.end > 0 {
			s.bound[name] = append(s.bound[name], at)
		}
	}
	for _, k := range kindsOfBindings {
		v, key := s.active.get(k.field), "binding"
		switch k.field {
		case "vars":
			for _, m := range v.entries() {
				add(m.key, keyOf(m.value))
			}
			continue
		case "queues":
			v = v.get("producers")
		case "durable_objects", "logfwdr", "unsafe":
			v, key = v.get("bindings"), "name"
		}
		if v.record() {
			v = &value{kind: list, items: []*value{v}}
		}
		for _, m := range v.entries() {
			x := m.value.get(key)
			add(x.text(), x)
		}
	}
	for _, m := range s.active.get("secrets").get("required").entries() {
		add(m.value.text(), m.value)
	}
	for _, places := range s.bound {
		slices.SortFunc(places, func(a, b *value) int { return a.start - b.start })
	}
	return s.bound
}
