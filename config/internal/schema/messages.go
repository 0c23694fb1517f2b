package schema

// The messages in this file are Cloudflare's, verbatim, as Wrangler 4.164.0
// prints them. In a message {field} is the path of the checked field, {key} a key in it,
// {value} its value as JSON, {got} the value of that key, and {type} the expected type.
const (
	msgType        = `Expected "{field}" to be of type {type} but got {value}.`
	msgRequired    = `"{field}" is a required field.`
	msgOneOf       = `Expected "{field}" field to be one of {type} but got {value}.`
	msgName        = `Expected "{field}" to be of type string, alphanumeric and lowercase with dashes only but got {value}.`
	msgTypedArray  = `Expected "{field}" to be an array of {type}s but got {value}`
	msgArray       = `Expected "{field}" to be an array but got {value}.`
	msgFieldArray  = `The field "{field}" should be an array but got {value}.`
	msgFieldObject = `The field "{field}" should be an object but got {value}.`
	msgObject      = `"{field}" should be an object but got {value}.`
	msgObjectComma = `"{field}" should be an object, but got {value}`
	msgUnknown     = `Unexpected fields found in {field} field: {value}`
	msgExclusive   = `Expected exactly one of the following fields {value}.`
	msgNotEmpty    = `"{field}" must be a non-empty string.`

	msgDateDashes = `"{field}" field should use ISO-8601 accepted hyphens (-) rather than en-dashes (–) or em-dashes (—).`
	msgDate       = `"{field}" field should be a valid ISO-8601 date (YYYY-MM-DD), but got {value}.`
	msgTOMLDate   = `The field "{field}" is a TOML date, which is not supported. Please use a string instead, e.g. {key} = "2025-12-19".`

	msgLegacyEnv = `The "legacy_env" field is no longer supported, so please remove it from your configuration file.
Service environments have been removed, and each environment is now deployed as its own Worker named "<name>-<environment>". This matches the behaviour of "legacy_env = true", which was the default, so removing the field will not change how your Worker is deployed.
Refer to https://developers.cloudflare.com/workers/wrangler/environments/ for more information.`
	msgNodeCompat = `Removed: "node_compat":
The "node_compat" field is no longer supported as of Wrangler v4. Instead, use the ` + "`nodejs_compat`" + ` compatibility flag. This includes the functionality from legacy ` + "`node_compat`" + ` polyfills and natively implemented Node.js APIs. See https://developers.cloudflare.com/workers/runtime-apis/nodejs for more information.`
	msgExperimental = `"{field}" fields are experimental and may change or break at any time.`
	msgEmptyIgnored = `The "{field}" field in your configuration is an empty string and will be ignored.
Please remove the "{field}" field from your configuration.`

	msgRoute         = `Expected "{field}" to be either a string, or an object with shape { pattern, custom_domain, zone_id | zone_name, enabled, previews_enabled }, but got {value}.`
	msgRoutes        = `Expected "{field}" to be an array of either strings or objects with the shape { pattern, custom_domain, zone_id | zone_name, enabled, previews_enabled }, but these weren't valid: {value}.`
	msgCustomDomains = `The "env.{key}" environment inherits the top-level ` + "`routes`" + ` configuration, which includes the custom domain(s): {value}. Deploying this environment will reassign these custom domains away from the top-level Worker. Add ` + "`\"routes\": []`" + ` to "env.{key}" to prevent inheritance, or copy the route configuration from the top level to hide this warning.`

	msgRuleType        = `bindings should have a string "type" field, which contains one of "ESModule", "CommonJS", "CompiledWasm", "Text", or "Data".`
	msgRuleFallthrough = `the field "fallthrough", when present, should be a boolean.`

	msgCronsArray     = `Expected "{field}" to be of type array, but got {value}.`
	msgEventObject    = `Expected "{field}" to be of type object, but got {value}.`
	msgEventType      = `Expected "{field}" to be a supported Artifacts event type, but got {value}.`
	msgEventFilter    = `Expected "{field}" to contain only non-empty string "namespace" and "repo_name" fields, but got {value}.`
	msgEventTargets   = `Expected "{field}" to be a non-empty array, but got {value}.`
	msgWorkflowTarget = `Expected "{field}" to be a workflow target with a non-empty "workflow_name", but got {value}.`

	msgAssetsObject   = `"{field}" should be an object, but got value "{field}" of type {type}`
	msgRunWorkerFirst = `The field "{field}" should be an array of strings or a boolean, but got {value}.`

	msgPlacementBoth   = `"{field}" cannot have both "hint" (smart format) and "region"/"host"/"hostname" (targeted format) fields`
	msgPlacementHint   = `"{field}.hint" must be a string when "{field}.mode" is "{value}"`
	msgPlacementSmart  = `"{field}.hint" can only be set when "{field}.mode" is "smart"`
	msgPlacementFields = `"{field}" fields {value} are mutually exclusive. Only one can be specified.`
	msgAtLeastOne      = `{value} is required.`

	msgMissingInEnv = `"{field}" exists at the top level, but not on "env.{key}".
This is not what you probably want, since "{field}" is not inherited by environments.
Please add "{field}" to "env.{key}".`
	msgMissingVars = `The following vars exist at the top level, but not on "{field}".
This is probably not what you want, since "vars" configuration is not inherited by environments.
Please add these vars to "env.{key}.vars":
{value}`
	msgMissingDefines = `The following define entries exist at the top level, but not on "{field}".
This is probably not what you want, since "define" configuration is not inherited by environments.
Please add these entries to "env.{key}.define":
{value}`
	msgExtraDefine = `"{value}" exists on "env.{key}", but not on the top level.
This is not what you probably want, since "define" configuration within environments can only override existing top level "define" configuration
Please remove "{field}.{value}", or add "define.{value}".`
	msgMissingBindings = `The following bindings are at the top level, but not on "env.{key}".
This is not what you probably want, since "{type}" configuration is not inherited by environments.
Please add a binding for each to "{field}.bindings":
{value}`
	msgMissingBinding = `There is a {field} binding with name "{value}" at the top level, but not on "env.{key}".
This is not what you probably want, since "{field}" configuration is not inherited by environments.
Please add a binding for "{value}" to "env.{key}.{field}.bindings".`
	msgNoEnvironment = `No environment found in configuration with name "{key}".
Before using ` + "`--env={key}`" + ` there should be an equivalent environment section in the configuration.
{value}
Consider adding an environment configuration section to the {field} file:
` + "```\n[env.{key}]\n```\n"
	msgEnvironmentNames = `The available configured environment names are: {value}` + "\n"

	msgDefineString = `The field "{field}" should be a string but got {value}.`
	msgAliasObject  = `Expected alias to be an object, but got {type}`
	msgAliasString  = `Expected alias["{key}"] to be a string, but got {type}`

	msgSiteEntryPoint = `Deprecation: "site.entry-point":
Delete the ` + "`site.entry-point`" + ` field, then add the top level ` + "`main`" + ` field to your configuration file:
` + "```\nmain = \"{value}\"\n```"
	msgSiteDefault = `Because you've defined a [site] configuration, we're defaulting to "workers-site" for the deprecated ` + "`site.entry-point`" + `field.
Add the top level ` + "`main`" + ` field to your configuration file:
` + "```\nmain = \"workers-site/index.js\"\n```"
	msgSiteBoth = `Don't define both the ` + "`main` and `site.entry-point`" + ` fields in your configuration.
They serve the same purpose: to point to the entry-point of your worker.
Delete the deprecated ` + "`site.entry-point`" + ` field from your config.`

	msgRedirectedEnvironments = `Redirected configurations cannot include environments but the following have been found:
{value}


Such configurations are generated by tools, meaning that one of the tools
your application is using is generating the incorrect configuration.
Report this issue to the tool's author so that this can be fixed there.`
	msgRedirectedTarget = `You have specified the environment "{key}" {type}.
This does not match the target environment "{value}" that was used when building the application.
Perhaps you need to re-run the custom build of the project with "{key}" as the selected environment?`
	msgPython = "The `python_workers` compatibility flag is required to use Python."
)

// Durable Objects, their migrations and their exports.
const (
	msgBindingString   = `binding should have a string "{key}" field.`
	msgBindingMayStr   = `the field "{key}", when present, should be a string.`
	msgBindingScript   = `binding should have a "script_name" field if "environment" is present.`
	msgBindingObject   = `Expected "{field}" to be an object but got {value}`
	msgNoBindings      = `The field "{field}" is missing the required "bindings" property.`
	msgMaxDelayRange   = `Expected "{field}" to be between 0 and 86400 seconds but got {value}.`
	msgMaxDelayMillis  = `Expected "{field}" to use millisecond precision but got {value}.`
	msgMigrationsArray = `The optional "{field}" field should be an array, but got {value}`
	msgRenamed         = `Expected "{field}" to be an array of "{from: string, to: string}" objects but got {value}.`
	msgTransferred     = `Expected "{field}" to be an array of "{from: string, from_script: string, to: string}" objects but got {value}.`
	msgBothLifecycles  = "`migrations` and `exports` are mutually exclusive. Choose one or the other to declare your Durable Object lifecycle, but not both."
	msgNoLifecycle     = "In your {field} file, you have configured `durable_objects` exported by this Worker ({key}), but no live `exports` entry for them. This may not work as expected until you add a live `durable-object` entry to `exports` for each. Add the following configuration:\n\n```\n{value}\n```"

	msgExportsObject    = `The optional "{field}" field should be an object keyed by class name, but got {value}`
	msgExportType       = `"{field}.type" must be "durable-object", "worker", or "workflow", but got {value}.`
	msgExportEmptyKey   = `"export" keys cannot be the empty string.`
	msgExportStorage    = `"{field}.storage" is required for state "{key}" and must be one of sqlite and legacy-kv, but got {value}`
	msgExportString     = `"{field}.{type}" is required for state "{key}" and must be a non-empty string.`
	msgExportIdentifier = `"{field}.renamed_to" must be a valid JavaScript identifier (got "{value}").`
	msgExportSelf       = `"{field}.renamed_to" cannot equal the source class name "{value}".`
	msgExportForbidden  = `"{field}.{type}" is forbidden on state "{key}".`
	msgExportAllowed    = `Allowed properties are: {value}.`
	msgExportState      = `"{field}.state" must be one of "created", "deleted", "renamed", "transferred", or "expecting-transfer" but got {value}.`
	msgExportContainer  = `"{field}.container" must be a non-empty string naming a container in the "containers" array, but got {value}.`
	msgExportContainerK = `"{field}.container" requires "storage" to be "sqlite". Containers are not supported on Durable Objects using the "legacy-kv" storage backend.`
	msgWorkflowTwice    = `"exports.{field}" and "exports.{key}" both declare the Workflow "{value}". Workflow names must be unique.`

	msgSeveral       = `{key} assigned to multiple {type} bindings.`
	msgDifferent     = `{key} assigned to {type} bindings.`
	msgUniqueNames   = "Bindings must have unique names, so that they can all be referenced in the worker.\nPlease change your bindings to have unique names."
	msgPagesReserved = `The name 'ASSETS' is reserved in Pages projects. Please use a different name for your {type} binding.`
)

// msgObjects is the message about a binding that is no object.
func msgObjects(kind string) string {
	return `"` + kind + `" bindings should be objects, but got {value}`
}

// Bindings of every kind.
const (
	msgConsumerObject   = `"{field}" should be a objects, but got {value}`
	msgDispatchObject   = `"{field}" binding should be objects, but got {value}`
	msgFieldObjects     = `"{field}" bindings should be objects, but got {value}`
	msgContainers       = `"containers" field should be an array, but got {value}`
	msgStrings          = `"{field}" bindings should have a string "{key}" field but got {value}.`
	msgOptional         = `"{field}" bindings should, optionally, have a {type} "{key}" field but got {value}.`
	msgMust             = `"{field}" bindings must have a "{key}" field but got {value}.`
	msgMustAn           = `"{field}" bindings must have an "{key}" field but got {value}.`
	msgMustString       = `"{field}" bindings must have a string "{key}" field but got {value}.`
	msgMustBoolean      = `"{field}" bindings must have a boolean "{key}" field but got {value}.`
	msgMayString        = `"{field}" bindings may have a string "{key}" field but got {value}.`
	msgShould           = `"{field}" should have a string "{key}" field but got {value}.`
	msgShouldOptional   = `"{field}" should, optionally, have a {type} "{key}" field but got {value}.`
	msgShouldOptionally = `"{field}" should optionally have a string "{key}" field but got {value}.`
	msgNotEmptyOptional = `"{field}" bindings should optionally have a non-empty string "{key}" field but got {value}.`
	msgMustShort        = `"{field}" must have a string "{key}" field.`
	msgEmailBoth        = `"{field}" bindings should have either a "destination_address" or "allowed_destination_addresses" field, but not both.`
	msgDeliveryDelay    = `The "delivery_delay" field in "{field}" is deprecated and has no effect. Queue-level settings should be configured using "wrangler queues update" instead. This setting will be removed in a future version.`
	msgBucket           = `{field}.bucket_name={got} is invalid. ` + bucketFormat
	msgPreviewBucket    = `{field}.preview_bucket_name= {got} is invalid. ` + bucketFormat
	bucketFormat        = `Bucket names must begin and end with an alphanumeric character, only contain lowercase letters, numbers, and hyphens, and be between 3 and 63 characters long.`
	msgLocalDev         = `"{field}" bindings should, optionally, have an object "local_dev" field but got {value}.`
	msgS3Credentials    = `"{field}" bindings should, optionally, have a "local_dev.experimental_s3_credentials" field with string "accessKeyId" and "secretAccessKey" fields, but got {value}.`
	msgServiceDev       = `"{field}" bindings should have an object "dev" field but got {got}.`
	msgServicePlugin    = `"{field}" should have an object "plugin" field but got {got}.`
	msgServicePluginStr = `"{field}" should have a string "{key}" field but got {got}.`
	msgServiceRemote    = `"{field}" binding has both "dev" and "remote" set; "remote" is ignored when "dev" is present and the binding is routed through the local Miniflare plugin.`
	msgOutbound         = `"{field}" has an invalid outbound definition.`
	msgConsumerType     = `"{field}.type" has an invalid value "{got}". Only "worker" consumers can be configured in your Wrangler configuration.`
	msgProtocol         = `"{field}" should have a "protocol" field of "tcp" or "udp" but got {value}.`
	msgPortNumber       = `"{field}" should have a number "port" field but got {value}.`
	msgPortRange        = `"{field}" should have an integer "port" field between 1 and 65535 but got {value}.`
	msgUDPOption        = `"{field}" should have an integer "{key}" field between 0 and 4294967295 but got {value}.`
	msgSamePort         = `"{field}" has the same "protocol" ({type}) and "port" ({value}) as "{key}". Each entry in "connect" must use a unique protocol/port combination.`
	msgPipelineOld      = `The "pipeline" field in "{field}" bindings is deprecated. Use "stream" instead.`
	msgK2Remote         = `"{field}" does not support ` + "`remote: false`. K2 bindings always access remote resources; omit \"remote\" or set `remote: true`."
	msgTunnelBoth       = `"{field}" bindings must have either a "tunnel_id" or "network_id", but not both.`
	msgTunnelNone       = `"{field}" bindings must have either a "tunnel_id" or "network_id" field but got {value}.`
	msgSimple           = `"{field}" bindings must have a "simple" configuration object but got {value}.`
	msgLimit            = `"{field}" bindings "simple.limit" must be a number but got {got}.`
	msgPeriod           = `"{field}" bindings "simple.period" is required and must be a number but got {got}.`
	msgPeriodValue      = `"{field}" bindings "simple.period" must be either 10 or 60 but got {got}.`
	msgLogfwdrSchema    = `"{field}" binding "schema" property has been replaced with the "unsafe.capnp" object, which expects a "base_path" and an array of "source_schemas" to compile, or a "compiled_schema" property.`
	msgUniqueValues     = `"{field}" bindings must have unique "name" values; duplicate(s) found: "{value}"`

	msgUnsafeObject    = `Expected {field} to be an object but got {value}.`
	msgUnsafeSupported = `The binding type "{value}" is directly supported by wrangler.
Consider migrating this unsafe binding to a format for '{value}' bindings that is supported by wrangler for optimal support.
For more details, see https://developers.cloudflare.com/workers/cli-wrangler/configuration`
	msgUnsafeMetadata = `The deployment object in the metadata binding is now deprecated. Please switch using the version_metadata binding for access to version specific fields: https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata`
	msgCapnpBoth      = `The field "{field}" cannot contain both "compiled_schema" and one of "base_path" or "source_schemas".`
	msgCapnpCompiled  = `The field "{field}", when present, should be a string but got {value}.`
	msgCapnpBase      = `The field "{field}", when present, should be a string but got {value}`

	msgWorkflowName       = `"{field}" binding "name" field is invalid. ` + workflowNames
	msgWorkflowExportName = `"{field}.name" is invalid. ` + workflowNames
	workflowNames         = `Workflow names must be 1-64 characters long, start with a letter, number, or underscore, and may only contain letters, numbers, underscores, or hyphens.`
	msgSchedulesEmpty     = `"{field}" {type} "schedules" field must not be an empty string.`
	msgSchedulesNone      = `"{field}" {type} "schedules" field must not be an empty array.`
	msgSchedulesEmpties   = `"{field}" {type} "schedules" field must not contain empty strings.`
	msgSchedules          = `"{field}" {type} should, optionally, have a string or array of strings "schedules" field but got {value}.`
	msgWorkflowObject     = `"{field}" {type} should, optionally, have an object "{key}" field but got {value}.`
	msgWorkflowSteps      = `"{field}" {type} "limits.steps" field must be a positive integer but got {got}.`
	msgWorkflowMaxSteps   = `"{field}" has a step limit of {got}, which exceeds the production maximum of 25,000. This configuration may not work when deployed.`
	msgRetention          = `"{field}" {type} "default_retention.{key}" field must be a positive integer of milliseconds or a duration string such as "3 days", but got {got}.`
	msgConcurrency        = `"{field}" {type} "concurrency.limit" field must be a positive integer but got {got}.`
	msgJurisdiction       = `"{field}" {type} "jurisdiction" field must be one of "eu", "fedramp", or "us", but got {got}.`

	msgSamplingRate = `"{field}" must be a value between 0 and 1.`
)
