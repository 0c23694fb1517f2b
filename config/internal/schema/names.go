package schema

import (
	"slices"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// objectMembers are the members that every JavaScript object has. Wrangler looks bindings up in
// an object, and fails with a TypeError if one has the name of such a member.
var objectMembers = map[string]bool{
	"constructor": true, "__defineGetter__": true, "__defineSetter__": true, "hasOwnProperty": true,
	"__lookupGetter__": true, "__lookupSetter__": true, "isPrototypeOf": true, "propertyIsEnumerable": true,
	"toString": true, "valueOf": true, "__proto__": true, "toLocaleString": true,
}

// checkNames refuses a name that is bound twice, by one kind of binding or by two.
func checkNames(s *scope, e Environment) {
	kinds := map[string][]string{}
	order := &tree.Value{Kind: tree.Table} // has the names as keys, for JavaScript's order of them
	note := func(noun, name string) bool {
		if objectMembers[name] {
			var at *tree.Value
			if all := places(s)[name]; all != nil {
				at = all[0]
			}
			return s.crash(at, name+" cannot be the name of a binding: every JavaScript object has a member of that name")
		}
		if name == "ASSETS" && s.File.Get("pages_build_output_dir") != nil {
			s.fail(nil, msgPagesReserved, slots{typ: noun})
		}
		if kinds[name] == nil {
			order.Members = append(order.Members, tree.Member{Key: name})
		}
		kinds[name] = append(kinds[name], noun)
		return true
	}
	for _, k := range kindsOfBindings {
		v := e.Get(k.field)
		if !slices.Contains(environmentKeys, k.field) { // e has only what environments can have
			v = s.File.Get(k.field)
		}
		for _, name := range bindingNames(k.within(v)) {
			if !note(k.noun, name) {
				return
			}
		}
	}
	required := e.Get("secrets").Get("required")
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
	var duplicate []*tree.Value
	for _, m := range order.Members {
		if len(kinds[m.Key]) > 1 {
			failTwice(s, m.Key, kinds[m.Key])
			duplicate = append(places(s)[m.Key], s.File)
		}
	}
	if duplicate != nil {
		s.fail(duplicate[0], msgUniqueNames, slots{})
	}
}

// failTwice reports the kinds of bindings that bind one name.
func failTwice(s *scope, name string, nouns []string) {
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
	bound := places(s)[name]
	fail := func(message, nouns string) {
		var at *tree.Value
		if len(bound) > 0 {
			at = bound[len(bound)-1]
		}
		d := s.diagnose(diagnostic.SeverityError, at, message, slots{key: name, typ: nouns})
		const most = 3
		for _, other := range bound[:min(max(len(bound)-1, 0), most)] {
			d.Notes = append(d.Notes, diagnostic.Note{Text: name + " is bound here too", Place: s.Source.Place(other.Start, other.End), LineText: s.Source.LineText(other.Start)})
		}
		s.report.Add(d)
	}
	if len(different) > 1 {
		fail(msgDifferent, english(different))
	}
	for _, noun := range several {
		fail(msgSeveral, noun)
	}
}

// BoundNames are the names that an environment binds, without its variables.
func BoundNames(e Environment) map[string]bool {
	bound := map[string]bool{}
	for _, k := range kindsOfBindings {
		if k.field != "vars" {
			for _, name := range bindingNames(k.within(e.Get(k.field))) {
				bound[name] = true
			}
		}
	}
	return bound
}

// places finds the places at which each name is bound, in the order of the file.
func places(s *scope) map[string][]*tree.Value {
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
		v, key := k.within(s.active.Get(k.field)), "binding"
		switch k.field {
		case "vars":
			for _, m := range v.Entries() {
				add(m.Key, tree.KeyOf(m.Value))
			}
			continue
		case "durable_objects", "logfwdr", "unsafe":
			v, key = v.Get("bindings"), "name"
		}
		if v.IsRecord() { // a field that is one binding
			v = &tree.Value{Kind: tree.List, Items: []*tree.Value{v}}
		}
		for _, m := range v.Entries() {
			x := m.Value.Get(key)
			add(x.Text(), x)
		}
	}
	for _, m := range s.active.Get("secrets").Get("required").Entries() {
		add(m.Value.Text(), m.Value)
	}
	for _, all := range s.bound {
		slices.SortFunc(all, func(a, b *tree.Value) int { return a.Start - b.Start })
	}
	return s.bound
}

// bindingKind is a field that binds names.
type bindingKind struct{ field, noun string }

// within is the part of a field's value that binds names. A consumer of a queue binds none.
func (k bindingKind) within(v *tree.Value) *tree.Value {
	if k.field == "queues" {
		return v.Get("producers")
	}
	return v
}

// kindsOfBindings are the fields that bind names, with Wrangler's nouns for them. The order is
// that of Wrangler's comparison, and so of the nouns in its messages.
var kindsOfBindings = []bindingKind{
	{"data_blobs", "Data Blob"}, {"durable_objects", "Durable Object"}, {"kv_namespaces", "KV Namespace"},
	{"send_email", "Send Email"}, {"queues", "Queue"}, {"d1_databases", "D1 Database"}, {"vectorize", "Vectorize Index"},
	{"ai_search_namespaces", "AI Search Namespace"}, {"ai_search", "AI Search Instance"}, {"agent_memory", "Agent Memory"},
	{"hyperdrive", "Hyperdrive Config"}, {"r2_buckets", "R2 Bucket"}, {"logfwdr", "logfwdr"}, {"services", "Worker"},
	{"analytics_engine_datasets", "Analytics Engine Dataset"}, {"text_blobs", "Text Blob"}, {"browser", "Browser Run"},
	{"analytics", "Analytics SQL"}, {"ai", "AI"}, {"images", "Images"}, {"stream", "Stream"}, {"media", "Media"},
	{"version_metadata", "Worker Version Metadata"}, {"unsafe", "Unsafe Metadata"}, {"vars", "Environment Variable"},
	{"wasm_modules", "Wasm Module"}, {"dispatch_namespaces", "Dispatch Namespace"}, {"mtls_certificates", "mTLS Certificate"},
	{"workflows", "Workflow"}, {"pipelines", "Pipeline"}, {"k2", "K2 Stream"}, {"secrets_store_secrets", "Secrets Store Secret"},
	{"artifacts", "Artifacts"}, {"ratelimits", "Rate Limit"}, {"assets", "Assets"}, {"unsafe_hello_world", "Hello World"},
	{"flagship", "Flagship"}, {"worker_loaders", "Worker Loader"}, {"vpc_services", "VPC Service"}, {"vpc_networks", "VPC Network"},
}
