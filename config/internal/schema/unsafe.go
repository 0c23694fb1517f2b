package schema

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isLogfwdr checks logfwdr.
var isLogfwdr = until(
	bindingsOf(until(
		objectOr(msgBindingObject),
		all(must("name", msgBindingString), must("destination", msgBindingString), known("destination", "name")),
	)),
	rule("schema", func(v *tree.Value) bool { return v == nil }, "", msgLogfwdrSchema),
)

// supportedKinds are the kinds of bindings that have a field of their own.
var supportedKinds = strings.Fields(`plain_text secret_text json wasm_module data_blob text_blob browser analytics ai
	ai_search_namespace ai_search agent_memory kv_namespace durable_object_namespace d1_database r2_bucket service logfwdr
	mtls_certificate pipeline k2 worker_loader vpc_service flagship vpc_network stream media artifacts`)

var isUnsafeBinding = until(objectOr(msgUnsafeObject), all(
	must("name", msgBindingString),
	func(s *scope, field string, v *tree.Value) bool {
		kind := v.Get("type")
		if !must("type", msgBindingString)(s, field, v) {
			return false
		}
		if slices.Contains(supportedKinds, kind.Str) {
			s.warn(kind, msgUnsafeSupported, slots{value: kind.Str})
		}
		if kind.Str == "metadata" && v.Get("name").Is(tree.Text) {
			s.warn(kind, msgUnsafeMetadata, slots{})
		}
		return true
	},
))

// isUnsafe checks unsafe.
func isUnsafe(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !tableOr(msgFieldObject)(s, path, v) {
		return false
	}
	if v.Get("bindings") != nil && !bindingsOf(isUnsafeBinding)(s, field, v) {
		return false
	}
	if !optional(tableOr(msgFieldObject))(s, path+".metadata", v.Get("metadata")) {
		return false
	}
	if capnp := v.Get("capnp"); capnp != nil {
		at := path + ".capnp"
		if !tableOr(msgFieldObject)(s, at, capnp) {
			return false
		}
		if compiled := capnp.Get("compiled_schema"); compiled != nil {
			if capnp.Get("base_path") != nil || capnp.Get("source_schemas") != nil {
				return s.fail(compiled, msgCapnpBoth, slots{field: at})
			}
			if !compiled.Is(tree.Text) {
				return s.fail(compiled, msgCapnpCompiled, slots{field: at + ".compiled_schema", value: tree.Stringify(compiled)})
			}
		} else {
			if base := capnp.Get("base_path"); !base.Is(tree.Text) {
				s.in(capnp).fail(base, msgCapnpBase, slots{field: at + ".base_path", value: tree.Stringify(base)})
			}
			sources := capnp.Get("source_schemas")
			if sources == nil {
				return s.in(capnp).fail(nil, msgTypedArray, slots{field: at + ".source_schemas", typ: "string", value: "undefined"})
			}
			if !arrayOf("string")(s, at+".source_schemas", sources) {
				return false
			}
		}
	}
	s.unknown(field, v, "bindings", "metadata", "capnp")
	return true
}
