package schema

import (
	"regexp"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// The checks of one binding of each kind.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#bindings
var (
	isKV = binding(msgObjects("kv_namespaces"), all(
		must("binding", msgStrings),
		mayText("id", msgStrings),
		may("preview_id", "string", msgOptional),
		isRemote,
	), "binding", "id", "preview_id", "remote")

	isSendEmail = binding(msgObjects("send_email"), all(
		must("name", msgStrings),
		may("destination_address", "string", msgOptional),
		rule("allowed_destination_addresses", objectLike, "[]string", msgOptional),
		rule("allowed_sender_addresses", objectLike, "[]string", msgOptional),
		func(s *scope, field string, v *tree.Value) bool {
			return v.Get("destination_address") == nil || v.Get("allowed_destination_addresses") == nil ||
				s.fail(v, msgEmailBoth, slots{field: field})
		},
		isRemote,
	), "allowed_sender_addresses", "allowed_destination_addresses", "destination_address", "name", "binding", "remote")

	isR2 = binding(msgObjects("r2_buckets"), all(
		func(s *scope, field string, v *tree.Value) bool {
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

	isD1 = binding(msgObjects("d1_databases"), all(
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

	isService = binding(msgObjects("services"), all(
		must("binding", msgStrings),
		must("service", msgStrings),
		may("environment", "string", msgStrings),
		may("entrypoint", "string", msgStrings),
		isServiceDev,
		isRemote,
	))

	isDispatchNamespace = binding(msgDispatchObject, all(
		must("binding", msgShould),
		may("namespace", "string", msgShouldOptionally),
		isOutbound,
		isRemote,
	))

	isMTLS = binding(msgObjects("mtls_certificates"), all(
		must("binding", msgStrings),
		rule("certificate_id", func(v *tree.Value) bool { return v.Is(tree.Text) && v.Str != "" }, "string", msgStrings),
		isRemote,
	), "binding", "certificate_id", "remote")

	isK2 = until(tableOr(msgFieldObjects), all(
		must("binding", msgMustShort),
		must("stream", msgMustShort),
		isRemote,
		rule("remote", func(v *tree.Value) bool { return !v.Is(tree.Boolean) || v.Bool }, "", msgK2Remote),
		known("binding", "stream", "remote"),
	))

	isWorkerLoader = binding(msgObjects("worker_loader"),
		must("binding", msgMustString), "binding")

	// Bindings of a few keys.
	isVectorize          = binding(msgObjects("vectorize"), all(must("binding", msgStrings), must("index_name", msgMustAn), isRemote), "binding", "index_name", "remote")
	isAISearchNamespace  = binding(msgObjects("ai_search_namespaces"), all(must("binding", msgStrings), must("namespace", msgMust), isRemote), "binding", "namespace", "remote")
	isAISearch           = binding(msgObjects("ai_search"), all(must("binding", msgStrings), must("instance_name", msgMustAn), isRemote), "binding", "instance_name", "remote")
	isAgentMemory        = binding(msgObjects("agent_memory"), all(must("binding", msgStrings), must("namespace", msgMust), isRemote), "binding", "namespace", "remote")
	isHyperdrive         = binding(msgObjects("hyperdrive"), all(must("binding", msgStrings), must("id", msgMust), isRemote), "binding", "id", "localConnectionString", "remote")
	isVPCService         = binding(msgObjects("vpc_services"), all(must("binding", msgStrings), must("service_id", msgMust)), "binding", "service_id", "remote")
	isVPCNetwork         = binding(msgObjects("vpc_networks"), all(must("binding", msgStrings), isTunnelOrNetwork), "binding", "tunnel_id", "network_id", "remote")
	isAnalyticsEngine    = binding(msgObjects("analytics_engine"), all(must("binding", msgStrings), mayText("dataset", msgOptional), isRemote), "binding", "dataset", "remote")
	isPipeline           = binding(msgObjects("pipeline"), all(must("binding", msgMustString), isStream, isRemote), "binding", "stream", "pipeline", "remote")
	isSecretsStoreSecret = binding(msgObjects("secrets_store_secrets"), all(must("binding", msgMustString), must("store_id", msgMustString), must("secret_name", msgMustString)), "binding", "store_id", "secret_name")
	isArtifacts          = binding(msgObjects("artifacts"), all(must("binding", msgMustString), must("namespace", msgMustString), isRemote), "binding", "namespace", "remote")
	isHelloWorld         = binding(msgObjects("unsafe_hello_world"), all(must("binding", msgMustString), may("enable_timer", "boolean", msgMustBoolean)), "binding", "enable_timer")
	isFlagship           = binding(msgObjects("flagship"), all(must("binding", msgMustString), may("app_id", "string", msgMayString), isRemote), "binding", "app_id", "remote")
	isRateLimit          = binding(msgObjects("ratelimits"), all(must("name", msgMustString), must("namespace_id", msgMustString), isSimpleLimit), "name", "namespace_id", "simple")

	// Fields that are one binding and no list.
	isSimpleBinding  = until(boundTable, all(must("binding", msgBindingString), isRemote, known("binding", "remote")))
	isAIBinding      = until(boundTable, all(must("binding", msgBindingString), isRemote))
	isVersionBinding = until(boundTable, must("binding", msgBindingString))

	// In this message Wrangler names the environment, in the others about these fields it does not.
	boundTable = pathed(tableOr(msgFieldObject))
)

// objectLike accepts what typeof calls an object: null too.
func objectLike(v *tree.Value) bool { return v == nil || v.Typeof() == "object" }

var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func bucketName(v *tree.Value) bool {
	return v == nil || v.Is(tree.Text) && bucketNames.MatchString(v.Str)
}

func isR2LocalDev(s *scope, field string, v *tree.Value) bool {
	dev := v.Get("local_dev")
	if dev == nil {
		return true
	}
	if !dev.IsObject() {
		return s.fail(dev, msgLocalDev, slots{field: field, value: tree.Stringify(v)})
	}
	ok := true
	if c := dev.Get("experimental_s3_credentials"); c != nil {
		s.warnExperimental("local_dev.experimental_s3_credentials", c)
		if !c.IsObject() || !c.Get("accessKeyId").Is(tree.Text) || !c.Get("secretAccessKey").Is(tree.Text) {
			ok = s.fail(c, msgS3Credentials, slots{field: field, value: tree.Stringify(v)})
		}
	}
	s.unknown(field+".local_dev", dev, "experimental_s3_credentials")
	return ok
}

func isTunnelOrNetwork(s *scope, field string, v *tree.Value) bool {
	tunnel, network := v.Get("tunnel_id"), v.Get("network_id")
	switch {
	case tunnel != nil && network != nil:
		return s.fail(network, msgTunnelBoth, slots{field: field})
	case tunnel != nil:
		return must("tunnel_id", msgMustString)(s, field, v)
	case network != nil:
		return must("network_id", msgMustString)(s, field, v)
	}
	return s.fail(v, msgTunnelNone, slots{field: field, value: tree.Stringify(v)})
}

func isServiceDev(s *scope, field string, v *tree.Value) bool {
	dev := v.Get("dev")
	if dev == nil {
		return true
	}
	ok := true
	if !dev.IsRecord() {
		ok = s.fail(dev, msgServiceDev, slots{field: field, got: tree.Stringify(dev)})
	} else {
		plugin := dev.Get("plugin")
		if !plugin.IsRecord() {
			ok = rule("plugin", func(*tree.Value) bool { return false }, "", msgServicePlugin)(s, field+".dev", dev)
		} else {
			for _, key := range []string{"package", "name"} {
				ok = must(key, msgServicePluginStr)(s, field+".dev.plugin", plugin) && ok
			}
		}
		if options := dev.Get("options"); options != nil && !options.IsRecord() {
			ok = s.fail(options, msgObject, slots{field: field + ".dev.options", value: tree.Stringify(options)})
		}
	}
	if remote := v.Get("remote"); remote.Is(tree.Boolean) && remote.Bool {
		s.warn(remote, msgServiceRemote, slots{field: field})
	}
	return ok
}

func isOutbound(s *scope, field string, v *tree.Value) bool {
	outbound := v.Get("outbound")
	if !outbound.IsGiven() {
		if outbound == nil {
			return true
		}
		outbound = &tree.Value{Kind: tree.Table, Start: outbound.Start, End: outbound.End}
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

func isStream(s *scope, field string, v *tree.Value) bool {
	if stream := v.Get("stream"); stream.Is(tree.Text) && stream.Str != "" {
		return true
	}
	if old := v.Get("pipeline"); old.Is(tree.Text) && old.Str != "" {
		s.warn(tree.KeyOf(old), msgPipelineOld, slots{field: field})
		return true
	}
	return rule("stream", func(*tree.Value) bool { return false }, "", msgMustString)(s, field, v)
}

func isSimpleLimit(s *scope, field string, v *tree.Value) bool {
	simple := v.Get("simple")
	if !simple.IsObject() {
		return rule("simple", func(*tree.Value) bool { return false }, "", msgSimple)(s, field, v)
	}
	ok := true
	if limit := simple.Get("limit"); !limit.Is(tree.Number) {
		ok = s.fail(simple, msgLimit, slots{field: field, got: tree.Stringify(simple)})
	}
	switch period := simple.Get("period"); {
	case !period.Is(tree.Number):
		ok = s.fail(simple, msgPeriod, slots{field: field, got: tree.Stringify(simple)})
	case period.Num != 10 && period.Num != 60:
		ok = s.fail(period, msgPeriodValue, slots{field: field, got: tree.Stringify(period)})
	}
	s.unknown(field+".simple", simple, "limit", "period")
	return ok
}
