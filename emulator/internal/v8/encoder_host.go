package v8

// Errors, and the host objects of workerd.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *encoder) error(v *driver.ErrorValue) {
	if v.Plain {
		e.plainError(v)
		return
	}
	e.b = append(e.b, tagHostObject, hostNativeError)
	kind := max(0, slices.Index(nativeErrors[1:], v.Name)+1)
	e.uvarint(uint64(kind))
	if kind == 0 {
		e.text(v.Name)
	}
	message := ""
	if v.Message != nil {
		message = *v.Message
	}
	e.text(message)
	e.enter(nil) // V8 gives the object of the properties a number; the value tree does not hold that object
	e.b = append(e.b, tagObject)
	e.properties(v.Properties)
	e.b = append(e.b, tagObjectEnd)
	e.uvarint(uint64(len(v.Properties)))
}

func (e *encoder) plainError(v *driver.ErrorValue) {
	e.b = append(e.b, tagError)
	if tag, ok := plainErrors[v.Name]; ok {
		e.b = append(e.b, tag)
	}
	if v.Message != nil {
		e.b = append(e.b, tagErrorMessage)
		e.text(*v.Message)
	}
	if stack, ok := find(v.Properties, "stack").(driver.String); ok {
		e.b = append(e.b, tagErrorStack)
		e.text(string(stack))
	}
	if cause := find(v.Properties, "cause"); cause != nil {
		e.b = append(e.b, tagErrorCause)
		e.value(cause)
	}
	e.b = append(e.b, tagErrorEnd)
}

func find(list []driver.Property, key string) driver.Value {
	return (&driver.Object{Properties: list}).Get(key)
}

func (e *encoder) host(v *driver.Opaque) {
	e.b = append(e.b, tagHostObject)
	e.b = append(e.b, v.Data...)
	if v.Value != nil {
		e.value(v.Value)
	}
}
