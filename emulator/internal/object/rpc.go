package object

// https://developers.cloudflare.com/workers/runtime-apis/rpc/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

// transfer copies a value by serializing it, as RPC does. A value over the size limit is refused.
func transfer(v driver.Value) (driver.Value, error) {
	if v == nil {
		v = driver.Undefined{}
	}
	copied, size, err := v8.Copy(v)
	if err == nil && size > maxRPC {
		return nil, driver.PlainError(msgRPCSize(size))
	}
	return copied, err
}

// reservedMethods cannot be called over RPC: they are handlers, or methods of the stub itself.
var reservedMethods = map[string]bool{
	"alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true, "dup": true,
}
