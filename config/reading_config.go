package config

import (
	"cmp"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// config makes the configuration from a tree without errors.
func (r *reading) config(env string) *Config {
	e := r.active
	c := &Config{
		Path:         r.files.config,
		File:         r.source.File,
		Env:          env,
		TopLevelName: r.file.Get("name").Text(),
		environment:  e,
	}
	c.DefinedEnvironments = append([]string{}, r.file.Get("env").Keys()...)
	if r.files.redirected { // the build tool has merged the environment in, and wrote these instead
		c.TopLevelName, c.DefinedEnvironments = r.file.Get("topLevelName").Text(), nil
		for _, m := range r.file.Get("definedEnvironments").Entries() {
			c.DefinedEnvironments = append(c.DefinedEnvironments, m.Value.Text())
		}
	}
	c.UserPath = r.files.user
	c.Name = cmp.Or(r.options.Name, e.Get("name").Text())
	if c.NameGiven = c.Name != ""; !c.NameGiven {
		c.Name = r.folderName(env)
	}
	if main := e.Get("main"); main.Is(tree.Text) {
		c.Main, c.MainPlace = r.beside(main.Str), r.place(main)
	}
	r.compatibility(c)
	r.durableObjects(c)
	for _, s := range e.Get("services").Entries() {
		c.Services = append(c.Services, Service{
			Name: s.Value.Get("binding").Text(), Service: s.Value.Get("service").Text(),
			Environment: s.Value.Get("environment").Text(), Place: r.place(s.Value),
		})
	}
	for _, m := range e.Get("vars").Entries() {
		// Text is valid UTF-8 for the program. JSON can have half a surrogate pair.
		c.Vars = append(c.Vars, Var{
			Name: m.Key, IsText: m.Value.Is(tree.Text), Text: strings.ToValidUTF8(m.Value.Text(), "\uFFFD"),
			JSON: tree.JSON{}.Append(nil, m.Value, 0), Place: r.place(tree.KeyOf(m.Value)),
		})
	}
	dev := r.file.Get("dev")
	c.dev = r.dev(dev)
	c.Dev = Dev{IP: dev.Get("ip").Text(), LocalProtocol: dev.Get("local_protocol").Text(), Host: dev.Get("host").Text(), Port: -1,
		UpstreamProtocol: c.dev.Get("upstream_protocol").Text()}
	c.RouteHost = hostOfRoute(e)
	if port := dev.Get("port"); port.Is(tree.Number) {
		c.Dev.Port = int(port.Num)
	}
	return c
}

// compatibility takes the compatibility date and flags from the options, or else from the
// file.
func (r *reading) compatibility(c *Config) {
	date := r.active.Get("compatibility_date")
	c.CompatibilityDate, c.dateGiven, c.datePlace = date.Text(), date.Is(tree.Text), r.place(date)
	if given := r.options.CompatibilityDate; given != nil {
		c.CompatibilityDate, c.dateGiven, c.datePlace = *given, true, diagnostic.Place{}
	}
	if r.options.CompatibilityFlags != nil {
		c.CompatibilityFlags = r.options.CompatibilityFlags
		return
	}
	c.flagPlaces = map[string]diagnostic.Place{}
	for _, f := range r.active.Get("compatibility_flags").Entries() {
		flag := f.Value.Text()
		c.CompatibilityFlags = append(c.CompatibilityFlags, flag)
		c.flagPlaces[flag] = r.place(f.Value)
	}
}

// folderName names a Worker without a name after its folder, so that the next start finds its
// storage again. Wrangler takes a new random name at every start.
func (r *reading) folderName(env string) string {
	dir := r.dir
	if r.files.user != "" {
		dir = filepath.Dir(r.files.user)
	} else if r.files.config != "" {
		dir = filepath.Dir(r.files.config)
	}
	name := schema.Slug(filepath.Base(dir))
	if env != "" {
		name += "-" + env
	}
	return name
}

// beside resolves a path that is relative to the folder of the configuration.
func (r *reading) beside(path string) string {
	dir := r.dir
	if r.files.config != "" {
		dir = filepath.Dir(r.files.config)
	}
	return In(dir, filepath.FromSlash(path))
}

// place is the place of a value, the zero Place if the file does not have it.
func (r *reading) place(v *tree.Value) diagnostic.Place {
	if v == nil || v.End == 0 {
		return diagnostic.Place{}
	}
	return r.source.Place(v.Start, v.End)
}

// durableObjects reads bindings, migrations and exports.
func (r *reading) durableObjects(c *Config) {
	e := r.active
	for _, b := range e.Get("durable_objects").Get("bindings").Entries() {
		c.Bindings = append(c.Bindings, DurableObjectBinding{
			Name: b.Value.Get("name").Text(), ClassName: b.Value.Get("class_name").Text(),
			ScriptName: b.Value.Get("script_name").Text(), Environment: b.Value.Get("environment").Text(),
			Place: r.place(b.Value), ClassPlace: r.place(b.Value.Get("class_name")),
		})
	}
	c.MigrationsPlace = r.place(tree.KeyOf(e.Get("migrations")))
	for _, m := range e.Get("migrations").Entries() {
		step := m.Value
		migration := Migration{
			Tag: step.Get("tag").Text(), Place: r.place(step),
			NewClasses: r.classes(step.Get("new_classes")), NewSQLiteClasses: r.classes(step.Get("new_sqlite_classes")),
			DeletedClasses: r.classes(step.Get("deleted_classes")),
		}
		for _, x := range step.Get("renamed_classes").Entries() {
			migration.RenamedClasses = append(migration.RenamedClasses, Rename{
				From: x.Value.Get("from").Text(), To: x.Value.Get("to").Text(), Place: r.place(x.Value)})
		}
		for _, x := range step.Get("transferred_classes").Entries() {
			migration.TransferredClasses = append(migration.TransferredClasses, Transferred{
				From: x.Value.Get("from").Text(), FromScript: x.Value.Get("from_script").Text(), To: x.Value.Get("to").Text(), Place: r.place(x.Value)})
		}
		c.Migrations = append(c.Migrations, migration)
	}
	for _, m := range e.Get("exports").Entries() {
		x := m.Value
		if x.Get("type").Text() != "durable-object" {
			continue
		}
		c.Exports = append(c.Exports, Export{
			ClassName: m.Key, Storage: x.Get("storage").Text(), State: cmp.Or(x.Get("state").Text(), "created"), RenamedTo: x.Get("renamed_to").Text(),
			TransferredTo: x.Get("transferred_to").Text(), TransferFrom: x.Get("transfer_from").Text(), Place: r.place(tree.KeyOf(x)),
		})
	}
}

// classes reads a list of class names.
func (r *reading) classes(v *tree.Value) []ClassRef {
	var refs []ClassRef
	for _, m := range v.Entries() {
		refs = append(refs, ClassRef{Name: m.Value.Text(), Place: r.place(m.Value)})
	}
	return refs
}

// localhost is the address that Wrangler listens on. On Windows it is IPv4 only.
func localhost() string {
	if runtime.GOOS == "windows" {
		return "127.0.0.1"
	}
	return "localhost"
}

// dev is the dev block with its defaults, as Wrangler normalises it.
func (r *reading) dev(given *tree.Value) *tree.Value {
	local := tree.NewText("http")
	if r.options.LocalProtocol != "" {
		local = tree.NewText(r.options.LocalProtocol)
	}
	if v := given.Get("local_protocol"); v != nil {
		local = v
	}
	dev := &tree.Value{Kind: tree.Table}
	for _, f := range []struct {
		key      string
		fallback *tree.Value
	}{
		{"ip", tree.NewText(localhost())}, {"port", nil}, {"inspector_port", nil}, {"inspector_ip", nil},
		{"local_protocol", local}, {"upstream_protocol", local}, {"host", nil},
		{"enable_containers", &tree.Value{Kind: tree.Boolean, Bool: true}}, {"container_engine", nil}, {"generate_types", &tree.Value{Kind: tree.Boolean}},
	} {
		v := given.Get(f.key)
		if v == nil {
			v = f.fallback
		}
		dev.Put(f.key, v)
	}
	return dev
}
