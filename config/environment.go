package config

// environment is the fields of the top level or of a named environment after
// inheritance.
//
// Source: https://developers.cloudflare.com/workers/wrangler/environments/
type environment map[string]*value

func (e environment) get(field string) *value { return e[field] }

// readEnvironment checks the fields of a table and gives those that count there.
func (s *scope) readEnvironment() environment {
	e := environment{}
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
		// With a command Wrangler has made texts of watch_dir, which are good.
		if x := v.get(key); x != nil && !(key == "watch_dir" && v.get("command").truthy()) {
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
