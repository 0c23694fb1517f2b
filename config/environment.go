package config

import "github.com/seed-36a2c969/emu/config/internal/tree"

// environment is the fields of the top level or of a named environment after
// inheritance.
//
// Source: https://developers.cloudflare.com/workers/wrangler/environments/
type environment map[string]*tree.Value

func (e environment) get(field string) *tree.Value { return e[field] }

// readEnvironment checks the fields of a table and gives those that count there.
func (s *scope) readEnvironment() environment {
	e := environment{}
	s.active = e
	if old := s.raw.Get("node_compat"); old != nil {
		s.fail(tree.KeyOf(old), msgNodeCompat, slots{})
		s.hint(`put "nodejs_compat" into compatibility_flags`)
	}
	if unsafe := s.raw.Get("unsafe"); unsafe != nil && (s.top == nil || s.file.Get("unsafe") == nil) {
		s.warnExperimental("unsafe", unsafe)
	}
	for i := range fields {
		switch f := &fields[i]; f.scope {
		case inherited:
			e[f.name] = s.inherit(f)
		case notInherited:
			e[f.name] = s.own(f)
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
func (s *scope) warnExperimental(field string, v *tree.Value) {
	if _, off := s.getenv("WRANGLER_DISABLE_EXPERIMENTAL_WARNING"); !off {
		s.warn(tree.KeyOf(v), msgExperimental, slots{field: field})
	}
}

// inherit checks a field that an environment may have from the top level.
func (s *scope) inherit(f *fieldSpec) *tree.Value {
	v := s.raw.Get(f.name)
	if f.name == "build" && !v.IsGiven() {
		v = buildOf(s.top.get("build"))
	}
	f.check(s, f.name, v)
	v = s.raw.Get(f.name) // a check may ignore it
	switch above := s.top.get(f.name); {
	case v.IsGiven():
		return v
	case f.name == "name":
		return s.suffixed(above)
	case above.IsGiven():
		return above
	}
	return f.fallback
}

// buildOf is what an environment sees of the top level's build.
func buildOf(v *tree.Value) *tree.Value {
	if v == nil {
		return nil
	}
	seen := &tree.Value{Kind: tree.Table, Start: v.Start, End: v.End, KeyStart: v.KeyStart, KeyEnd: v.KeyEnd}
	for _, key := range []string{"command", "watch_dir", "cwd"} {
		// With a command Wrangler has made texts of watch_dir, which are good.
		if x := v.Get(key); x != nil && !(key == "watch_dir" && v.Get("command").IsTruthy()) {
			seen.Put(key, x)
		}
	}
	return seen
}

// suffixed is a name of the top level in an environment.
func (s *scope) suffixed(name *tree.Value) *tree.Value {
	if !name.IsTruthy() {
		return nil
	}
	v := *name
	v.Kind, v.Str = tree.Text, tree.ToString(name)+"-"+s.name
	return &v
}

// own checks a field that an environment has for itself or not at all.
func (s *scope) own(f *fieldSpec) *tree.Value {
	v := s.raw.Get(f.name)
	switch above := s.file.Get(f.name); {
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

// objectsOf gives durable_objects with a list of bindings, whatever it is.
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
