package config

import (
	"cmp"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"path/filepath"
	"slices"
	"strings"
)

// config makes the configuration of a file without errors.
func (r *reading) config(env string) *Config {
	e := r.active
	c := &Config{
		Path:         r.files.config,
		File:         r.source.File,
		Env:          env,
		TopLevelName: r.file.get("name").text(),
		environment:  e,
	}
	c.DefinedEnvironments = append([]string{}, r.file.get("env").keys()...)
	if r.files.redirected { // the build tool has kept both
		c.TopLevelName, c.DefinedEnvironments = r.file.get("topLevelName").text(), nil
		for _, m := range r.file.get("definedEnvironments").entries() {
			c.DefinedEnvironments = append(c.DefinedEnvironments, m.value.text())
		}
	}
	c.UserPath = r.files.user
	c.Name = cmp.Or(r.options.Name, e.get("name").text())
	if c.NameGiven = c.Name != ""; !c.NameGiven {
		c.Name = r.folderName(env)
	}
	if main := e.get("main"); main.is(text) {
		c.Main, c.MainPlace = r.beside(main.str), r.place(main)
	}
	r.compatibility(c)
	r.durableObjects(c)
	for _, s := range e.get("services").entries() {
		c.Services = append(c.Services, Service{
			Name: s.value.get("binding").text(), Service: s.value.get("service").text(),
			Environment: s.value.get("environment").text(), Place: r.place(s.value),
		})
	}
	for _, m := range e.get("vars").entries() {
		c.Vars = append(c.Vars, Var{
			Name: m.key, IsText: m.value.is(text), Text: strings.ToValidUTF8(m.value.text(), "\uFFFD"),
			JSON: jsonStyle{}.append(nil, m.value, 0), Place: r.place(keyOf(m.value)),
		})
	}
	dev := r.file.get("dev")
	c.dev = r.dev(dev)
	c.Dev = Dev{IP: dev.get("ip").text(), LocalProtocol: dev.get("local_protocol").text(), Host: dev.get("host").text(), Port: -1,
		UpstreamProtocol: c.dev.get("upstream_protocol").text()}
	c.RouteHost = hostOfRoute(e)
	if port := dev.get("port"); port.is(number) {
		c.Dev.Port = int(port.num)
	}
	for i := range fields {
		f := &fields[i]
		v := e.get(f.name)
		if f.scope == topOnly || f.scope == topLast {
			v = r.file.get(f.name)
		}
		if v != nil && v.end > 0 && !f.local && !f.deployed && !v.idle() {
			c.NotEmulated = append(c.NotEmulated, Field{Name: f.name, Bindings: boundBy(f.name, v), Place: r.place(keyOf(v)), Page: page + f.page})
		}
	}
	return c
}

// boundBy lists the names that a field binds, [] if it binds none yet, nil if it is no
// field of bindings.
func boundBy(field string, v *value) []string {
	if !slices.ContainsFunc(kindsOfBindings, func(k bindingKind) bool { return k.field == field }) {
		return nil
	}
	names := []string{}
	switch field {
	case "queues":
		v = v.get("producers")
	case "unsafe", "logfwdr":
		v = v.get("bindings")
	}
	switch {
	case v.is(list):
		for _, x := range v.items {
			if name := cmp.Or(x.get("binding").text(), x.get("name").text()); name != "" {
				names = append(names, name)
			}
		}
	case v.get("binding").is(text):
		names = append(names, v.get("binding").str)
	case strings.HasSuffix(field, "_blobs"), field == "wasm_modules":
		names = append(names, v.keys()...)
	}
	return names
}

// compatibility reads the compatibility date and flags, of the options or the file.
func (r *reading) compatibility(c *Config) {
	date := r.active.get("compatibility_date")
	c.CompatibilityDate, c.dateGiven, c.datePlace = date.text(), date.is(text), r.place(date)
	if given := r.options.CompatibilityDate; given != nil {
		c.CompatibilityDate, c.dateGiven, c.datePlace = *given, true, diagnostic.Place{}
	}
	if r.options.CompatibilityFlags != nil {
		c.CompatibilityFlags = r.options.CompatibilityFlags
		return
	}
	c.flagPlaces = map[string]diagnostic.Place{}
	for _, f := range r.active.get("compatibility_flags").entries() {
		flag := f.value.text()
		c.CompatibilityFlags = append(c.CompatibilityFlags, flag)
		c.flagPlaces[flag] = r.place(f.value)
	}
}

// page is where the fields are documented.
const page = "https://developers.cloudflare.com/workers/wrangler/configuration/#"

// folderName is the name of a Worker without one: its folder's, so that its
// storage is found again. Wrangler takes a new random name at every start.
func (r *reading) folderName(env string) string {
	dir := r.dir
	if r.files.user != "" {
		dir = filepath.Dir(r.files.user)
	} else if r.files.config != "" {
		dir = filepath.Dir(r.files.config)
	}
	name := slug(filepath.Base(dir))
	if env != "" {
		name += "-" + env
	}
	return name
}

// beside resolves a path on the folder of the configuration.
func (r *reading) beside(path string) string {
	dir := r.dir
	if r.files.config != "" {
		dir = filepath.Dir(r.files.config)
	}
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// place is where a value stands.
func (r *reading) place(v *value) diagnostic.Place {
	if v == nil || v.end == 0 {
		return diagnostic.Place{}
	}
	return r.source.Place(v.start, v.end)
}

// durableObjects reads bindings, migrations and exports.
func (r *reading) durableObjects(c *Config) {
	e := r.active
	for _, b := range e.get("durable_objects").get("bindings").entries() {
		c.Bindings = append(c.Bindings, DurableObjectBinding{
			Name: b.value.get("name").text(), ClassName: b.value.get("class_name").text(),
			ScriptName: b.value.get("script_name").text(), Environment: b.value.get("environment").text(),
			Place: r.place(b.value), ClassPlace: r.place(b.value.get("class_name")),
		})
	}
	c.MigrationsPlace = r.place(keyOf(e.get("migrations")))
	for _, m := range e.get("migrations").entries() {
		step := m.value
		migration := Migration{
			Tag: step.get("tag").text(), Place: r.place(step),
			NewClasses: r.classes(step.get("new_classes")), NewSQLiteClasses: r.classes(step.get("new_sqlite_classes")),
			DeletedClasses: r.classes(step.get("deleted_classes")),
		}
		for _, x := range step.get("renamed_classes").entries() {
			migration.RenamedClasses = append(migration.RenamedClasses, Rename{
				From: x.value.get("from").text(), To: x.value.get("to").text(), Place: r.place(x.value)})
		}
		for _, x := range step.get("transferred_classes").entries() {
			migration.TransferredClasses = append(migration.TransferredClasses, Transferred{
				From: x.value.get("from").text(), FromScript: x.value.get("from_script").text(), To: x.value.get("to").text(), Place: r.place(x.value)})
		}
		c.Migrations = append(c.Migrations, migration)
	}
	for _, m := range e.get("exports").entries() {
		x := m.value
		if x.get("type").text() != "durable-object" {
			continue
		}
		state, _, _ := stateOf(x)
		c.Exports = append(c.Exports, Export{
			ClassName: m.key, Storage: x.get("storage").text(), State: state, RenamedTo: x.get("renamed_to").text(),
			TransferredTo: x.get("transferred_to").text(), TransferFrom: x.get("transfer_from").text(), Place: r.place(keyOf(x)),
		})
	}
}

func (r *reading) classes(v *value) []ClassRef {
	var refs []ClassRef
	for _, m := range v.entries() {
		refs = append(refs, ClassRef{Name: m.value.text(), Place: r.place(m.value)})
	}
	return refs
}

// dev is the dev block with its defaults, as Wrangler normalises it.
func (r *reading) dev(given *value) *value {
	str := func(s string) *value { return &value{kind: text, str: s} }
	local := str("http")
	if r.options.LocalProtocol != "" {
		local = str(r.options.LocalProtocol)
	}
	if v := given.get("local_protocol"); v != nil {
		local = v
	}
	dev := &value{kind: table}
	for _, f := range []member{
		{"ip", str(localhost)}, {"port", nil}, {"inspector_port", nil}, {"inspector_ip", nil},
		{"local_protocol", local}, {"upstream_protocol", local}, {"host", nil},
		{"enable_containers", &value{kind: boolean, bool: true}}, {"container_engine", nil}, {"generate_types", &value{kind: boolean}},
	} {
		if v := given.get(f.key); v != nil {
			f.value = v
		}
		dev.put(f.key, f.value)
	}
	return dev
}
