package config

import (
	"regexp"
	"slices"
	"strings"
)

// The kinds of bindings.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#bindings
var (
	isKV = binding(`"kv_namespaces" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings),
		mayText("id", msgStrings),
		may("preview_id", "string", msgOptional),
		isRemote,
	), "binding", "id", "preview_id", "remote")

	isSendEmail = binding(`"send_email" bindings should be objects, but got {value}`, all(
		must("name", msgStrings),
		may("destination_address", "string", msgOptional),
		rule("allowed_destination_addresses", objectLike, "[]string", msgOptional),
		rule("allowed_sender_addresses", objectLike, "[]string", msgOptional),
		func(s *scope, field string, v *value) bool {
			return v.get("destination_address") == nil || v.get("allowed_destination_addresses") == nil ||
				s.fail(v, msgEmailBoth, slots{field: field})
		},
		isRemote,
	), "allowed_sender_addresses", "allowed_destination_addresses", "destination_address", "name", "binding", "remote")

	isQueueProducer = until(
		objectOr(`"queue" bindings should be objects, but got {value}`),
		known("binding", "queue", "delivery_delay", "remote"),
		all(
			must("binding", msgStrings),
			mayText("queue", msgNotEmptyOptional),
			may("delivery_delay", "number", msgShouldOptional),
			func(s *scope, field string, v *value) bool {
				if delay := v.get("delivery_delay"); delay != nil {
					s.warn(delay, msgDeliveryDelay, slots{field: field})
				}
				return true
			},
			isRemote,
		))

	isQueueConsumer = binding(`"{field}" should be a objects, but got {value}`, all(
		must("queue", msgShould),
		func(s *scope, field string, v *value) bool {
			kind := v.get("type")
			return kind == nil || kind.is(text) && kind.str == "worker" ||
				s.fail(kind, msgConsumerType, slots{field: field, got: jsString(kind)})
		},
		may("type", "string", msgShouldOptional),
		may("max_batch_size", "number", msgShouldOptional),
		may("max_batch_timeout", "number", msgShouldOptional),
		may("max_retries", "number", msgShouldOptional),
		may("dead_letter_queue", "string", msgShouldOptional),
		may("max_concurrency", "number", msgShouldOptional),
		may("visibility_timeout_ms", "number", msgShouldOptional),
		may("retry_delay", "number", msgShouldOptional),
	), "queue", "type", "max_batch_size", "max_batch_timeout", "max_retries", "dead_letter_queue", "max_concurrency", "visibility_timeout_ms", "retry_delay")

	isR2 = binding(`"r2_buckets" bindings should be objects, but got {value}`, all(
		func(s *scope, field string, v *value) bool {
			ok := must("binding", msgStrings)(s, field, v)
			ok = mayText("bucket_name", msgStrings)(s, field, v) && ok
			ok = ok && rule("bucket_name", bucketName, "", msgBucket)(s, field, v)
			ok = may("preview_bucket_name", "string", msgOptional)(s, field, v) && ok
			return ok && rule("preview_bucket_name", bucketName, "", msgPreviewBucket)(s, field, v)
		},
		may("jurisdiction", "string", msgOptional),
		isRemote,
		isR2LocalDev,
	), "binding", "bucket_name", "preview_bucket_name", "jurisdiction", "remote", "local_dev")

	isD1 = binding(`"d1_databases" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings),
		may("database_id", "string", msgMust),
		may("preview_database_id", "string", msgOptional),
		isRemote,
		may("migrations_pattern", "string", msgOptional),
		may("database_name", "string", msgOptional),
		may("jurisdiction", "string", msgOptional),
		may("migrations_dir", "string", msgOptional),
		may("migrations_table", "string", msgOptional),
		may("database_internal_env", "string", msgOptional),
	), "binding", "database_id", "database_internal_env", "database_name", "jurisdiction", "migrations_dir", "migrations_pattern", "migrations_table", "preview_database_id", "remote")

	isVectorize = binding(`"vectorize" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("index_name", msgMustAn), isRemote,
	), "binding", "index_name", "remote")

	isAISearchNamespace = binding(`"ai_search_namespaces" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("namespace", msgMust), isRemote,
	), "binding", "namespace", "remote")

	isAISearch = binding(`"ai_search" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("instance_name", msgMust), isRemote,
	), "binding", "instance_name", "remote")

	isAgentMemory = binding(`"agent_memory" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("namespace", msgMust), isRemote,
	), "binding", "namespace", "remote")

	isHyperdrive = binding(`"hyperdrive" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("id", msgMust), isRemote,
	), "binding", "id", "localConnectionString", "remote")

	isVPCService = binding(`"vpc_services" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), must("service_id", msgMust),
	), "binding", "service_id", "remote")

	isVPCNetwork = binding(`"vpc_networks" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), isTunnelOrNetwork,
	), "binding", "tunnel_id", "network_id", "remote")

	isService = binding(`"services" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings),
		must("service", msgStrings),
		may("environment", "string", msgStrings),
		may("entrypoint", "string", msgStrings),
		isServiceDev,
		isRemote,
	))

	isAnalyticsEngine = binding(`"analytics_engine" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings), mayText("dataset", msgOptional), isRemote,
	), "binding", "dataset", "remote")

	isDispatchNamespace = binding(`"{field}" binding should be objects, but got {value}`, all(
		must("binding", msgShould),
		may("namespace", "string", msgShouldOptionally),
		isOutbound,
		isRemote,
	))

	isMTLS = binding(`"mtls_certificates" bindings should be objects, but got {value}`, all(
		must("binding", msgStrings),
		rule("certificate_id", func(v *value) bool { return v.is(text) && v.str != "" }, "string", msgStrings),
		isRemote,
	), "binding", "certificate_id", "remote")

	isPipeline = binding(`"pipeline" bindings should be objects, but got {value}`, all(
		must("binding", msgMustString), isStream, isRemote,
	), "binding", "stream", "pipeline", "remote")

	isK2 = until(tableOr(`"{field}" bindings should be objects, but got {value}`), all(
		must("binding", msgMustShort),
		must("stream", msgMustShort),
		isRemote,
		rule("remote", func(v *value) bool { return !v.is(boolean) || v.bool }, "", msgK2Remote),
		known("binding", "stream", "remote"),
	))

	isSecretsStoreSecret = binding(`"secrets_store_secrets" bindings should be objects, but got {value}`, all(
		must("binding", msgMustString), must("store_id", msgMustString), must("secret_name", msgMustString),
	), "binding", "store_id", "secret_name")

	isArtifacts = binding(`"artifacts" bindings should be objects, but got {value}`, all(
		must("binding", msgMustString), must("namespace", msgMustString), isRemote,
	), "binding", "namespace", "remote")

	isHelloWorld = binding(`"unsafe_hello_world" bindings should be objects, but got {value}`, all(
		must("binding", msgMustString), may("enable_timer", "boolean", msgMustBoolean),
	), "binding", "enable_timer")

	isFlagship = binding(`"flagship" bindings should be objects, but got {value}`, all(
		must("binding", msgMustString), may("app_id", "string", msgMayString), isRemote,
	), "binding", "app_id", "remote")

	isWorkerLoader = binding(`"worker_loader" bindings should be objects, but got {value}`,
		must("binding", msgMustString), "binding")

	isRateLimit = binding(`"ratelimits" bindings should be objects, but got {value}`, all(
		must("name", msgMustString), must("namespace_id", msgMustString), isSimpleLimit,
	), "name", "namespace_id", "simple")

	// A field that is one binding.
	isSimpleBinding  = until(boundTable, all(must("binding", msgBindingString), isRemote, known("binding", "remote")))
	isAIBinding      = until(boundTable, all(must("binding", msgBindingString), isRemote))
	isVersionBinding = until(boundTable, must("binding", msgBindingString))

	// boundTable says the path with the environment, the checks after it do not.
	boundTable = pathed(tableOr(msgFieldObject))
)

func objectLike(v *value) bool { return v == nil || v.typeof() == "object" }

var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func bucketName(v *value) bool { return v == nil || v.is(text) && bucketNames.MatchString(v.str) }

func isR2LocalDev(s *scope, field string, v *value) bool {
	dev := v.get("local_dev")
	if dev == nil {
		return true
	}
	if !dev.object() {
		return s.fail(dev, msgLocalDev, slots{field: field, value: stringify(v)})
	}
	ok := true
	if c := dev.get("experimental_s3_credentials"); c != nil {
		s.warnExperimental("local_dev.experimental_s3_credentials", c)
		if !c.object() || !c.get("accessKeyId").is(text) || !c.get("secretAccessKey").is(text) {
			ok = s.fail(c, msgS3Credentials, slots{field: field, value: stringify(v)})
		}
	}
	s.unknown(field+".local_dev", dev, "experimental_s3_credentials")
	return ok
}

func isTunnelOrNetwork(s *scope, field string, v *value) bool {
	tunnel, network := v.get("tunnel_id"), v.get("network_id")
	switch {
	case tunnel != nil && network != nil:
		return s.fail(network, msgTunnelBoth, slots{field: field})
	case tunnel != nil:
		return must("tunnel_id", msgMustString)(s, field, v)
	case network != nil:
		return must("network_id", msgMustString)(s, field, v)
	}
	return s.fail(v, msgTunnelNone, slots{field: field, value: stringify(v)})
}

func isServiceDev(s *scope, field string, v *value) bool {
	dev := v.get("dev")
	if dev == nil {
		return true
	}
	ok := true
	if !dev.record() {
		ok = s.fail(dev, msgServiceDev, slots{field: field, got: stringify(dev)})
	} else {
		plugin := dev.get("plugin")
		if !plugin.record() {
			ok = rule("plugin", func(*value) bool { return false }, "", msgServicePlugin)(s, field+".dev", dev)
		} else {
			for _, key := range []string{"package", "name"} {
				ok = must(key, msgServicePluginStr)(s, field+".dev.plugin", plugin) && ok
			}
		}
		if options := dev.get("options"); options != nil && !options.record() {
			ok = s.fail(options, msgObject, slots{field: field + ".dev.options", value: stringify(options)})
		}
	}
	if remote := v.get("remote"); remote.is(boolean) && remote.bool {
		s.warn(remote, msgServiceRemote, slots{field: field})
	}
	return ok
}

func isOutbound(s *scope, field string, v *value) bool {
	outbound := v.get("outbound")
	if !outbound.given() {
		if outbound == nil {
			return true
		}
		outbound = &value{kind: table, start: outbound.start, end: outbound.end}
	}
	at := field + ".outbound"
	ok := until(
		objectOr(msgObjectComma),
		fieldsOf(named{"service", required(isString)}),
		fieldsOf(named{"environment", isString}),
		fieldsOf(named{"parameters", arrayOf("string")}),
	)(s, at, outbound)
	return ok || s.fail(outbound, msgOutbound, slots{field: field})
}

func isStream(s *scope, field string, v *value) bool {
	if stream := v.get("stream"); stream.is(text) && stream.str != "" {
		return true
	}
	if old := v.get("pipeline"); old.is(text) && old.str != "" {
		s.warn(keyOf(old), msgPipelineOld, slots{field: field})
		return true
	}
	return rule("stream", func(*value) bool { return false }, "", msgMustString)(s, field, v)
}

func isSimpleLimit(s *scope, field string, v *value) bool {
	simple := v.get("simple")
	if !simple.object() {
		return rule("simple", func(*value) bool { return false }, "", msgSimple)(s, field, v)
	}
	ok := true
	if limit := simple.get("limit"); !limit.is(number) {
		ok = s.fail(simple, msgLimit, slots{field: field, got: stringify(simple)})
	}
	switch period := simple.get("period"); {
	case !period.is(number):
		ok = s.fail(simple, msgPeriod, slots{field: field, got: stringify(simple)})
	case period.num != 10 && period.num != 60:
		ok = s.fail(period, msgPeriodValue, slots{field: field, got: stringify(period)})
	}
	s.unknown(field+".simple", simple, "limit", "period")
	return ok
}

// isQueues checks queues, whose lists are checked apart.
func isQueues(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	path := s.path(field)
	if !tableOr(msgFieldObject)(s, path, v) {
		return false
	}
	ok := s.unknown(path, v, "consumers", "producers")
	inner := s.in(v)
	if consumers := v.get("consumers"); consumers != nil {
		if consumers.is(list) {
			ok = inner.items(path+".consumers", consumers, isQueueConsumer) && ok
		} else {
			ok = s.fail(consumers, msgFieldArray, slots{field: path + ".consumers", value: stringify(consumers)})
		}
	}
	return bindings(isQueueProducer)(inner, field+".producers", v.get("producers")) && ok
}

// isConnect checks the handlers of connect.
func isConnect(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	path := s.path(field)
	if !v.is(list) {
		return s.fail(v, msgFieldArray, slots{field: path, value: stringify(v)})
	}
	ok := s.in(v).items(path, v, isConnectHandler)
	first := map[string]int{}
	for i, x := range v.items {
		port, protocol := x.get("port"), x.get("protocol")
		if !port.is(number) || !protocol.is(text) {
			continue
		}
		key := protocol.str + ":" + numberText(port.num)
		if j, twice := first[key]; twice {
			ok = s.fail(x, msgSamePort, slots{field: indexed(path, i), key: indexed(path, j), typ: protocol.str, value: numberText(port.num)})
			continue
		}
		first[key] = i
	}
	return ok
}

var isConnectHandler = until(objectOr(msgObjectComma), all(
	func(s *scope, field string, v *value) bool {
		keys := []string{"protocol", "port", "address"}
		if v.get("protocol").text() == "udp" {
			keys = append(keys, "idle_timeout_ms", "max_pending_bytes")
		}
		return s.unknown(field, v, keys...)
	},
	func(s *scope, field string, v *value) bool {
		protocol := v.get("protocol")
		if protocol == nil {
			return s.fail(v, msgProtocol, slots{field: field, value: stringify(v)})
		}
		return protocol.text() == "tcp" || protocol.text() == "udp" ||
			s.fail(protocol, msgProtocol, slots{field: field, value: stringify(protocol)})
	},
	until(
		rule("port", func(v *value) bool { return v.is(number) }, "number", msgPortNumber),
		rule("port", whole(1, 65535), "number", msgPortRange),
	),
	may("address", "string", msgShouldOptional),
	func(s *scope, field string, v *value) bool {
		ok := true
		if v.get("protocol").text() == "udp" {
			limit := func(x *value) bool { return x == nil || integer(x, 0, 1<<32-1) }
			for _, key := range []string{"idle_timeout_ms", "max_pending_bytes"} {
				ok = rule(key, limit, "", msgUDPOption)(s, field, v) && ok
			}
		}
		return ok
	},
))

// isLogfwdr checks logfwdr, whose bindings are as those of durable_objects.
var isLogfwdr = until(
	bindingsOf(until(
		objectOr(msgBindingObject),
		all(must("name", msgBindingString), must("destination", msgBindingString), known("destination", "name")),
	)),
	rule("schema", func(v *value) bool { return v == nil }, "", msgLogfwdrSchema),
)

// supportedKinds are the kinds of bindings that need not be unsafe.
var supportedKinds = strings.Fields(`plain_text secret_text json wasm_module data_blob text_blob browser analytics ai
	ai_search_namespace ai_search agent_memory kv_namespace durable_object_namespace d1_database r2_bucket service logfwdr
	mtls_certificate pipeline k2 worker_loader vpc_service flagship vpc_network stream media artifacts`)

var isUnsafeBinding = until(objectOr(msgUnsafeObject), all(
	must("name", msgBindingString),
	func(s *scope, field string, v *value) bool {
		kind := v.get("type")
		if !must("type", msgBindingString)(s, field, v) {
			return false
		}
		if slices.Contains(supportedKinds, kind.str) {
			s.warn(kind, msgUnsafeSupported, slots{value: kind.str})
		}
		if kind.str == "metadata" && v.get("name").is(text) {
			s.warn(kind, msgUnsafeMetadata, slots{})
		}
		return true
	},
))

// isUnsafe checks unsafe.
func isUnsafe(s *scope, field string, v *value) bool {
	path := s.path(field)
	if !tableOr(msgFieldObject)(s, path, v) {
		return false
	}
	if v.get("bindings") != nil && !bindingsOf(isUnsafeBinding)(s, field, v) {
		return false
	}
	if !optional(tableOr(msgFieldObject))(s, path+".metadata", v.get("metadata")) {
		return false
	}
	if capnp := v.get("capnp"); capnp != nil {
		at := path + ".capnp"
		if !tableOr(msgFieldObject)(s, at, capnp) {
			return false
		}
		if compiled := capnp.get("compiled_schema"); compiled != nil {
			if capnp.get("base_path") != nil || capnp.get("source_schemas") != nil {
				return s.fail(compiled, msgCapnpBoth, slots{field: at})
			}
			if !compiled.is(text) {
				return s.fail(compiled, msgCapnpCompiled, slots{field: at + ".compiled_schema", value: stringify(compiled)})
			}
		} else {
			if base := capnp.get("base_path"); !base.is(text) {
				s.in(capnp).fail(base, msgCapnpBase, slots{field: at + ".base_path", value: stringify(base)})
			}
			sources := capnp.get("source_schemas")
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
