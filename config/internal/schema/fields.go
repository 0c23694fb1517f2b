package schema

// fields are all fields, in the order in which Wrangler checks them and so prints its messages.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/
var fields = []fieldSpec{
	{name: "send_metrics", scope: topOnly, check: isBoolean, deployed: true, page: "top-level-only-keys"},
	{name: "dependencies_instrumentation", scope: topOnly, check: isInstrumentation, deployed: true, page: "top-level-only-keys"},
	{name: "keep_vars", scope: topOnly, check: isBoolean, deployed: true, page: "top-level-only-keys"},
	{name: "addresses", scope: topOnly, check: arrayOf("string"), deployed: true, page: "top-level-only-keys"},
	{name: "pages_build_output_dir", scope: topOnly, check: isString, deployed: true, page: "top-level-only-keys"},
	{name: "$schema", scope: topOnly, check: isString, local: true, page: "sample-wrangler-configuration"},

	{name: "route", scope: inherited, check: isRoute, deployed: true, page: "types-of-routes"},
	{name: "account_id", scope: inherited, check: isAccount, deployed: true, page: "inheritable-keys"},
	{name: "routes", scope: inherited, check: isRoutes, deployed: true, page: "types-of-routes"},
	{name: "workers_dev", scope: inherited, check: isBoolean, deployed: true, page: "workersdev"},
	{name: "preview_urls", scope: inherited, check: isBoolean, deployed: true, page: "inheritable-keys"},
	{name: "build", scope: inherited, check: isBuild, page: "custom-builds"},
	{name: "compatibility_date", scope: inherited, check: isCompatibilityDate, local: true, page: "inheritable-keys"},
	{name: "compatibility_flags", scope: inherited, check: isStrings, fallback: emptyList, local: true, page: "inheritable-keys"},
	{name: "jsx_factory", scope: inherited, check: isString, page: "inheritable-keys"},
	{name: "jsx_fragment", scope: inherited, check: isString, page: "inheritable-keys"},
	{name: "tsconfig", scope: inherited, check: isTsconfig, page: "inheritable-keys"},
	{name: "rules", scope: inherited, check: isRules, page: "bundling"},
	{name: "name", scope: inherited, check: isName, local: true, page: "inheritable-keys"},
	{name: "main", scope: inherited, check: isString, local: true, page: "inheritable-keys"},
	{name: "find_additional_modules", scope: inherited, check: isBoolean, page: "bundling"},
	{name: "preserve_file_names", scope: inherited, check: isBoolean, page: "bundling"},
	{name: "base_dir", scope: inherited, check: isString, page: "bundling"},
	{name: "triggers", scope: inherited, check: given(isTriggers), page: "triggers"},
	{name: "assets", scope: inherited, check: isAssets, page: "assets"},
	{name: "limits", scope: inherited, check: isLimits, deployed: true, page: "limits"},
	{name: "placement", scope: inherited, check: optional(isPlacement), deployed: true, page: "inheritable-keys"},

	{name: "vars", scope: notInherited, check: optional(isVars), fallback: emptyTable, local: true, page: "environment-variables"},
	{name: "secrets", scope: notInherited, check: isSecrets, local: true, page: "secrets"},
	{name: "define", scope: notInherited, check: optional(isDefines), fallback: emptyTable, page: "non-inheritable-keys"},
	{name: "durable_objects", scope: notInherited, check: optional(isDurableObjects), fallback: emptyTable, local: true, page: "durable-objects"},
	{name: "workflows", scope: notInherited, check: all(bindings(isWorkflow), uniqueNames), fallback: emptyList, page: "workflows"},
	{name: "migrations", scope: inherited, check: given(isMigrations), fallback: emptyList, local: true, page: "migrations"},
	{name: "exports", scope: inherited, check: given(isExports), fallback: emptyTable, local: true, page: "migrations"},
	{name: "kv_namespaces", scope: notInherited, check: bindings(isKV), fallback: emptyList, page: "kv-namespaces"},
	{name: "cloudchamber", scope: notInherited, check: optional(tableOr(msgObjectComma)), fallback: emptyTable, deployed: true, page: "bindings"},
	{name: "containers", scope: notInherited, check: isContainers, page: "containers"},
	{name: "send_email", scope: notInherited, check: bindings(isSendEmail), fallback: emptyList, page: "email-bindings"},
	{name: "queues", scope: notInherited, check: optional(isQueues), fallback: emptyTable, page: "queues"},
	{name: "connect", scope: notInherited, check: optional(isConnect), fallback: emptyList, page: "bindings"},
	{name: "r2_buckets", scope: notInherited, check: bindings(isR2), fallback: emptyList, page: "r2-buckets"},
	{name: "d1_databases", scope: notInherited, check: bindings(isD1), fallback: emptyList, page: "d1-databases"},
	{name: "vectorize", scope: notInherited, check: bindings(isVectorize), fallback: emptyList, page: "vectorize-indexes"},
	{name: "ai_search_namespaces", scope: notInherited, check: bindings(isAISearchNamespace), fallback: emptyList, page: "bindings"},
	{name: "ai_search", scope: notInherited, check: bindings(isAISearch), fallback: emptyList, page: "bindings"},
	{name: "agent_memory", scope: notInherited, check: bindings(isAgentMemory), fallback: emptyList, page: "bindings"},
	{name: "hyperdrive", scope: notInherited, check: bindings(isHyperdrive), fallback: emptyList, page: "hyperdrive"},
	{name: "services", scope: notInherited, check: bindings(isService), fallback: emptyList, local: true, page: "service-bindings"},
	{name: "analytics_engine_datasets", scope: notInherited, check: bindings(isAnalyticsEngine), fallback: emptyList, page: "analytics-engine-datasets"},
	{name: "dispatch_namespaces", scope: notInherited, check: bindings(isDispatchNamespace), fallback: emptyList, page: "dispatch-namespace-bindings-workers-for-platforms"},
	{name: "mtls_certificates", scope: notInherited, check: bindings(isMTLS), fallback: emptyList, page: "mtls-certificates"},
	{name: "tail_consumers", scope: notInherited, check: listOf(msgArray, isTailConsumer), page: "non-inheritable-keys"},
	{name: "streaming_tail_consumers", scope: notInherited, check: listOf(msgArray, isStreamingTailConsumer), page: "non-inheritable-keys"},
	{name: "unsafe", scope: notInherited, check: optional(isUnsafe), fallback: emptyTable, page: "bindings"},
	{name: "browser", scope: notInherited, check: optional(isSimpleBinding), page: "browser-rendering"},
	{name: "analytics", scope: notInherited, check: optional(isSimpleBinding), page: "bindings"},
	{name: "ai", scope: notInherited, check: optional(isAIBinding), page: "workers-ai"},
	{name: "images", scope: notInherited, check: optional(isSimpleBinding), page: "images"},
	{name: "stream", scope: notInherited, check: optional(isSimpleBinding), page: "bindings"},
	{name: "media", scope: notInherited, check: optional(isSimpleBinding), page: "bindings"},
	{name: "pipelines", scope: notInherited, check: bindings(isPipeline), fallback: emptyList, page: "bindings"},
	{name: "k2", scope: notInherited, check: bindings(isK2), fallback: emptyList, page: "bindings"},
	{name: "secrets_store_secrets", scope: notInherited, check: bindings(isSecretsStoreSecret), fallback: emptyList, page: "bindings"},
	{name: "artifacts", scope: notInherited, check: bindings(isArtifacts), fallback: emptyList, page: "bindings"},
	{name: "unsafe_hello_world", scope: notInherited, check: bindings(isHelloWorld), fallback: emptyList, page: "bindings"},
	{name: "flagship", scope: notInherited, check: bindings(isFlagship), fallback: emptyList, page: "bindings"},
	{name: "worker_loaders", scope: notInherited, check: bindings(isWorkerLoader), fallback: emptyList, page: "bindings"},
	{name: "ratelimits", scope: notInherited, check: bindings(isRateLimit), fallback: emptyList, page: "bindings"},
	{name: "vpc_services", scope: notInherited, check: bindings(isVPCService), fallback: emptyList, page: "bindings"},
	{name: "vpc_networks", scope: notInherited, check: bindings(isVPCNetwork), fallback: emptyList, page: "bindings"},
	{name: "version_metadata", scope: notInherited, check: optional(isVersionBinding), page: "bindings"},
	{name: "logfwdr", scope: inherited, check: isLogfwdr, fallback: emptyTable, page: "bindings"},
	{name: "no_bundle", scope: inherited, check: isBoolean, page: "bundling"},
	{name: "minify", scope: inherited, check: isBoolean, page: "inheritable-keys"},
	{name: "keep_names", scope: inherited, check: isBoolean, page: "inheritable-keys"},
	{name: "first_party_worker", scope: inherited, check: isBoolean, deployed: true, page: "inheritable-keys"},
	{name: "logpush", scope: inherited, check: isBoolean, deployed: true, page: "inheritable-keys"},
	{name: "upload_source_maps", scope: inherited, check: isBoolean, deployed: true, page: "source-maps"},
	{name: "observability", scope: inherited, check: optional(until(objectOr(msgObject), isObservability)), deployed: true, page: "observability"},
	{name: "access", scope: inherited, check: optional(until(objectOr(msgObject), isAccess)), page: "inheritable-keys"},
	{name: "cache", scope: inherited, check: optional(until(objectOr(msgObject), isCache)), deployed: true, page: "inheritable-keys"},
	{name: "compliance_region", scope: inherited, check: oneOf("public", "fedramp_high"), deployed: true, page: "inheritable-keys"},
	{name: "python_modules", scope: inherited, check: optional(until(tableOr(msgObject), fieldsOf(named{"exclude", isStrings}))), page: "inheritable-keys"},
	{name: "previews", scope: inherited, check: optional(tableOr(msgFieldObject)), deployed: true, page: "inheritable-keys"},

	{name: "dev", scope: topLast, check: given(isDev), local: true, page: "local-development-settings"},
	{name: "site", scope: topLast, check: optional(isSite), page: "workers-sites"},
	{name: "alias", scope: topLast, check: isAlias, page: "module-aliasing"},
	{name: "wasm_modules", scope: topLast, check: isModulePaths, page: "top-level-only-keys"},
	{name: "text_blobs", scope: topLast, check: isModulePaths, page: "top-level-only-keys"},
	{name: "data_blobs", scope: topLast, check: isModulePaths, page: "top-level-only-keys"},
}

// The checks use the names of the fields for hints, and the table refers to the checks. So the
// names are filled in here: a variable of a package may not depend on itself.
func init() {
	for _, f := range fields {
		topLevelKeys = append(topLevelKeys, f.name)
		if f.fallback == emptyList || f.name == "migrations" {
			listFields[f.name] = true
		}
		if f.scope == inherited || f.scope == notInherited {
			environmentKeys = append(environmentKeys, f.name)
		}
	}
	topLevelKeys = append(topLevelKeys, "env", "configPath", "userConfigPath", "topLevelName", "definedEnvironments", "targetEnvironment")
}
