package config

import (
	"path/filepath"
	"slices"
	"strings"
)

// environment is the fields of the top level or of a named environment after
// inheritance.
//
// Source: https://developers.cloudflare.com/workers/wrangler/environments/
type environment struct {
	fields map[string]*value
}

func (e *environment) get(field string) *value {
	if e == nil {
		return nil
	}
	return e.fields[field]
}

// readEnvironment checks the fields of a table and gives those that count there.
func (s *scope) readEnvironment() *environment {
	e := &environment{fields: map[string]*value{}}
	s.active = e
	if old := s.raw.get("node_compat"); old != nil {
		s.fail(keyOf(old), msgNodeCompat, slots{})
		s.hint(`put "nodejs_compat" into compatibility_flags`)
	}
	if unsafe := s.raw.get("unsafe"); unsafe != nil && (s.top == nil || s.file.get("unsafe") == nil) {
		s.warnExperimental("unsafe", unsafe)
	}
	for i := range fields {
		switch f := &fields[i]; f.scope {
		case inherited:
			e.fields[f.name] = s.inherit(f)
		case notInherited:
			e.fields[f.name] = s.own(f)
		}
	}
	s.warnNoLifecycle(e)
	s.checkLifecycles(e)
	s.checkWorkflowExports(e)
	if s.top != nil {
		s.unknown("env."+s.name, s.raw, append([]string{"node_compat"}, environmentKeys...)...)
	}
	return e
}

// warnExperimental warns of a field unless the environment says not to.
func (s *scope) warnExperimental(field string, v *value) {
	if _, off := s.getenv("WRANGLER_DISABLE_EXPERIMENTAL_WARNING"); !off {
		s.warn(keyOf(v), msgExperimental, slots{field: field})
	}
}

// inherit checks a field that an environment may have from the top level.
func (s *scope) inherit(f *fieldSpec) *value {
	v := s.raw.get(f.name)
	if f.name == "build" && !v.given() {
		v = buildOf(s.top.get("build"))
	}
	f.check(s, f.name, v)
	v = s.raw.get(f.name) // a check may ignore it
	switch above := s.top.get(f.name); {
	case v.given():
		return v
	case f.name == "name":
		return s.suffixed(above)
	case above.given():
		return above
	}
	return f.fallback
}

// buildOf is what an environment sees of the top level's build.
func buildOf(v *value) *value {
	if v == nil {
		return nil
	}
	seen := &value{kind: table, start: v.start, end: v.end, keyStart: v.keyStart, keyEnd: v.keyEnd}
	for _, key := range []string{"command", "watch_dir", "cwd"} {
		if x := v.get(key); x != nil && !(key == "watch_dir" && !x.is(list) && v.get("command").truthy()) {
			seen.put(key, x)
		}
	}
	return seen
}

// suffixed is a name of the top level in an environment.
func (s *scope) suffixed(name *value) *value {
	if !name.truthy() {
		return nil
	}
	v := *name
	v.kind, v.str = text, jsString(name)+"-"+s.name
	return &v
}

// own checks a field that an environment has for itself or not at all.
func (s *scope) own(f *fieldSpec) *value {
	v := s.raw.get(f.name)
	switch above := s.file.get(f.name); {
	case v != nil:
		f.check(s, f.name, v)
	case s.top != nil && above != nil:
		s.warn(nil, msgMissingInEnv, slots{field: f.name, key: s.name})
	}
	switch {
	case f.name == "durable_objects":
		return objectsOf(v)
	case v.given():
		return v
	}
	return f.fallback
}

// objectsOf gives durable_objects with a list of bindings, whatever it is.
func objectsOf(v *value) *value {
	objects := &value{kind: table}
	if v != nil {
		objects.start, objects.end, objects.keyStart, objects.keyEnd = v.start, v.end, v.keyStart, v.keyEnd
	}
	for _, m := range v.entries() {
		objects.put(m.key, m.value)
	}
	if !objects.get("bindings").given() {
		objects.put("bindings", emptyList)
	}
	return objects
}

// warnNoLifecycle warns of classes that are bound but never created.
func (s *scope) warnNoLifecycle(e *environment) {
	bound := e.get("durable_objects").get("bindings")
	if !bound.is(list) {
		return
	}
	var classes []string
	var first *value
	for _, b := range bound.items {
		if b.is(null) {
			s.in(bound).crash(b, "a Durable Object binding is null: it is an object with a name and a class_name")
			return
		}
		if b.get("script_name").truthy() {
			continue
		}
		class := b.get("class_name")
		if class.is(text) && s.covered(e, class.str) {
			continue
		}
		if !class.is(text) {
			return
		}
		if first == nil {
			first = class
		}
		classes = append(classes, class.str)
	}
	migrations := e.get("migrations")
	if classes == nil || migrations.is(list) && len(migrations.items) > 0 || migrations.is(text) && migrations.str != "" {
		return
	}
	s.warn(first, msgNoLifecycle, slots{field: s.fileName(), key: strings.Join(classes, ", "), value: s.exportsSnippet(classes)})
}

// covered reports whether exports has a live entry for a class.
func (s *scope) covered(e *environment, class string) bool {
	entry := e.get("exports").get(class)
	if entry.is(null) {
		return s.crash(entry, "exports."+class+" is null: it is an object with a type")
	}
	if entry.get("type").text() != "durable-object" {
		return false
	}
	_, state, _ := stateOf(entry)
	return state.live()
}

// exportsSnippet is what to add to the file, in the file's format.
func (s *scope) exportsSnippet(classes []string) string {
	all := &value{kind: table}
	for _, class := range classes {
		entry := &value{kind: table}
		entry.put("type", &value{kind: text, str: "durable-object"})
		entry.put("storage", &value{kind: text, str: "sqlite"})
		all.put(class, entry)
	}
	all.order()
	if !strings.HasSuffix(s.files.config, "toml") {
		root := &value{kind: table, members: []member{{"exports", all}}}
		return string(jsonStyle{indent: "  "}.append(nil, root, 0))
	}
	var b strings.Builder
	for i, m := range all.members {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("[exports." + tomlKey(m.key) + "]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n")
	}
	return b.String()
}

// tomlKey writes a key, quoted if it must be.
func tomlKey(key string) string {
	if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return key
	}
	return string(appendString(nil, key))
}

// fileName is the file as Wrangler calls it in advice.
func (s *scope) fileName() string {
	switch ext := strings.TrimPrefix(filepath.Ext(s.files.config), "."); ext {
	case "toml", "json", "jsonc":
		return "wrangler." + ext
	}
	return "Wrangler configuration"
}

// checkLifecycles refuses migrations beside exports of Durable Objects.
func (s *scope) checkLifecycles(e *environment) {
	migrations := e.get("migrations")
	if n := len(migrations.entries()); n == 0 || migrations.is(table) {
		return
	}
	for _, m := range e.get("exports").entries() {
		if m.value.is(null) {
			s.crash(m.value, "exports."+m.key+" is null: it is an object with a type")
			return
		}
		if m.value.get("type").text() == "durable-object" {
			s.fail(keyOf(m.value), msgBothLifecycles, slots{})
			s.hint("remove one of the two fields")
			return
		}
	}
}

// checkWorkflowExports refuses two exports of one workflow.
func (s *scope) checkWorkflowExports(e *environment) {
	class := map[string]string{}
	for _, m := range e.get("exports").entries() {
		name := m.value.get("name")
		if m.value.get("type").text() != "workflow" || !name.is(text) {
			continue
		}
		if first, twice := class[name.str]; twice {
			s.fail(name, msgWorkflowTwice, slots{field: first, key: m.key, value: name.str})
			continue
		}
		class[name.str] = m.key
	}
}

// objectMembers are the names that every JavaScript object has; Wrangler ends
// with a TypeError if one of them is a binding's name.
var objectMembers = map[string]bool{
	"constructor": true, "__defineGetter__": true, "__defineSetter__": true, "hasOwnProperty": true,
	"__lookupGetter__": true, "__lookupSetter__": true, "isPrototypeOf": true, "propertyIsEnumerable": true,
	"toString": true, "valueOf": true, "__proto__": true, "toLocaleString": true,
}

// checkNames refuses names that are bound twice, by whatever kind.
func (s *scope) checkNames(e *environment) {
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
		if v == nil {
			v = s.file.get(k.field)
			if i := fieldIndex(k.field); i < 0 || fields[i].scope != topLast {
				v = nil
			}
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

func fieldIndex(name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
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
			d.Notes = append(d.Notes, Note{Text: name + " is bound here too", Place: s.place(other), LineText: s.source.lineText(other.start)})
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
