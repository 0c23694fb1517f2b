package config

// The bindings of queues.
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
			func(s *scope, field string, v *value) bool {
				if delay := v.get("delivery_delay"); delay != nil {
					s.warn(delay, msgDeliveryDelay, slots{field: field})
				}
				return true
			},
			isRemote,
		))

	isQueueConsumer = binding(msgConsumerObject, all(
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
)

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
