package schema

import (
	"github.com/seed-36a2c969/emu/config/internal/tree"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// The checks of the entries of queues.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#queues
var (
	isQueueProducer = until(
		objectOr(msgObjects("queue")),
		known("binding", "queue", "delivery_delay", "remote"),
		all(
			must("binding", msgStrings),
			mayText("queue", msgNotEmptyOptional),
			may("delivery_delay", "number", msgShouldOptional),
			func(s *scope, field string, v *tree.Value) bool {
				if delay := v.Get("delivery_delay"); delay != nil {
					s.warn(delay, msgDeliveryDelay, slots{field: field})
				}
				return true
			},
			isRemote,
		))

	isQueueConsumer = binding(msgConsumerObject, all(
		must("queue", msgShould),
		func(s *scope, field string, v *tree.Value) bool {
			kind := v.Get("type")
			return kind == nil || kind.Is(tree.Text) && kind.Str == "worker" ||
				s.fail(kind, msgConsumerType, slots{field: field, got: tree.ToString(kind)})
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
)

// isQueues checks queues.
func isQueues(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !tableOr(msgFieldObject)(s, path, v) {
		return false
	}
	ok := s.unknown(path, v, "consumers", "producers")
	inner := s.in(v)
	if consumers := v.Get("consumers"); consumers != nil {
		if consumers.Is(tree.List) {
			ok = inner.items(path+".consumers", consumers, isQueueConsumer) && ok
		} else {
			ok = s.fail(consumers, msgFieldArray, slots{field: path + ".consumers", value: tree.Stringify(consumers)})
		}
	}
	return bindings(isQueueProducer)(inner, field+".producers", v.Get("producers")) && ok
}

// isConnect checks connect.
func isConnect(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !v.Is(tree.List) {
		return s.fail(v, msgFieldArray, slots{field: path, value: tree.Stringify(v)})
	}
	ok := s.in(v).items(path, v, isConnectHandler)
	first := map[string]int{}
	for i, x := range v.Items {
		port, protocol := x.Get("port"), x.Get("protocol")
		if !port.Is(tree.Number) || !protocol.Is(tree.Text) {
			continue
		}
		key := protocol.Str + ":" + javascript.NumberText(port.Num)
		if j, twice := first[key]; twice {
			ok = s.fail(x, msgSamePort, slots{field: indexed(path, i), key: indexed(path, j), typ: protocol.Str, value: javascript.NumberText(port.Num)})
			continue
		}
		first[key] = i
	}
	return ok
}

var isConnectHandler = until(objectOr(msgObjectComma), all(
	func(s *scope, field string, v *tree.Value) bool {
		keys := []string{"protocol", "port", "address"}
		if v.Get("protocol").Text() == "udp" {
			keys = append(keys, "idle_timeout_ms", "max_pending_bytes")
		}
		return s.unknown(field, v, keys...)
	},
	func(s *scope, field string, v *tree.Value) bool {
		protocol := v.Get("protocol")
		if protocol == nil {
			return s.fail(v, msgProtocol, slots{field: field, value: tree.Stringify(v)})
		}
		return protocol.Text() == "tcp" || protocol.Text() == "udp" ||
			s.fail(protocol, msgProtocol, slots{field: field, value: tree.Stringify(protocol)})
	},
	until(
		rule("port", func(v *tree.Value) bool { return v.Is(tree.Number) }, "number", msgPortNumber),
		rule("port", whole(1, 65535), "number", msgPortRange),
	),
	may("address", "string", msgShouldOptional),
	func(s *scope, field string, v *tree.Value) bool {
		ok := true
		if v.Get("protocol").Text() == "udp" {
			limit := func(x *tree.Value) bool { return x == nil || integer(x, 0, 1<<32-1) }
			for _, key := range []string{"idle_timeout_ms", "max_pending_bytes"} {
				ok = rule(key, limit, "", msgUDPOption)(s, field, v) && ok
			}
		}
		return ok
	},
))
