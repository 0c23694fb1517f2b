package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// readEnvironment checks the fields of the top level or of an environment, and returns
// them after inheritance.
func readEnvironment(s *scope) Environment {
	e := Environment{}
	s.active = e
	if old := s.raw.Get("node_compat"); old != nil {
		s.fail(tree.KeyOf(old), msgNodeCompat, slots{hint: `put "nodejs_compat" into compatibility_flags`})
	}
	// If the top level has the field too, the warning has been given.
	if unsafe := s.raw.Get("unsafe"); unsafe != nil && (s.top == nil || s.File.Get("unsafe") == nil) {
		s.warnExperimental("unsafe", unsafe)
	}
	for i := range fields {
		switch f := &fields[i]; f.scope {
		case inherited:
			e[f.name] = inherit(s, f)
		case notInherited:
			e[f.name] = own(s, f)
		}
	}
	warnNoLifecycle(s, e)
	checkLifecycles(s, e)
	checkWorkflowExports(s, e)
	if s.top != nil {
		s.unknown("env."+s.name, s.raw, append([]string{"node_compat"}, environmentKeys...)...)
	}
	return e
}

// inherit checks a field, and returns its value in the environment: its own, or else the top
// level's.
func inherit(s *scope, f *fieldSpec) *tree.Value {
	v := s.raw.Get(f.name)
	if f.name == "build" && !v.IsGiven() {
		v = buildOf(s.top.Get("build"))
	}
	f.check(s, f.name, v)
	v = s.raw.Get(f.name) // the check may have removed it: an empty string is ignored
	switch above := s.top.Get(f.name); {
	case v.IsGiven():
		return v
	case f.name == "name":
		return suffixed(s, above)
	case above.IsGiven():
		return above
	}
	return f.fallback
}

// buildOf is the build that an environment inherits from the top level.
func buildOf(v *tree.Value) *tree.Value {
	if v == nil {
		return nil
	}
	seen := &tree.Value{Kind: tree.Table, Start: v.Start, End: v.End, KeyStart: v.KeyStart, KeyEnd: v.KeyEnd}
	for _, key := range []string{"command", "watch_dir", "cwd"} {
		// With a command, Wrangler has already turned watch_dir into paths, so it accepts any
		// value here.
		if x := v.Get(key); x != nil && !(key == "watch_dir" && v.Get("command").IsTruthy()) {
			seen.Put(key, x)
		}
	}
	return seen
}

// suffixed is the name of the top level, with that of the environment as its suffix.
func suffixed(s *scope, name *tree.Value) *tree.Value {
	if !name.IsTruthy() {
		return nil
	}
	v := *name
	v.Kind, v.Str = tree.Text, tree.ToString(name)+"-"+s.name
	return &v
}

// own checks a field that environments do not inherit, and returns its value.
func own(s *scope, f *fieldSpec) *tree.Value {
	v := s.raw.Get(f.name)
	switch above := s.File.Get(f.name); {
	case v != nil:
		f.check(s, f.name, v)
	case s.top != nil && above != nil:
		s.warn(nil, msgMissingInEnv, slots{field: f.name, key: s.name})
	}
	switch {
	case f.name == "durable_objects":
		return objectsOf(v)
	case v.IsGiven():
		return v
	}
	return f.fallback
}

// objectsOf is durable_objects with a list of bindings, even if the field has none.
func objectsOf(v *tree.Value) *tree.Value {
	objects := &tree.Value{Kind: tree.Table}
	if v != nil {
		objects.Start, objects.End, objects.KeyStart, objects.KeyEnd = v.Start, v.End, v.KeyStart, v.KeyEnd
	}
	for _, m := range v.Entries() {
		objects.Put(m.Key, m.Value)
	}
	if !objects.Get("bindings").IsGiven() {
		objects.Put("bindings", emptyList)
	}
	return objects
}
