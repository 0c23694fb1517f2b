package v8

// Errors, and the host objects of workerd.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *encoder) error(v *driver.ErrorValue) error {
	if v.Plain {
		return e.plainError(v)
	}
	e.b = append(e.b, tagHostObject, hostNativeError)
	kind := max(0, slices.Index(nativeErrors[1:], v.Name)+1)
	e.uvarint(uint64(kind))
	if kind == 0 {
		if err := e.text(v.Name); err != nil {
			return err
		}
	}
	message := ""
	if v.Message != nil {
		message = *v.Message
	}
	if err := e.text(message); err != nil {
		return err
	}
	e.enter(nil) // the object of the properties, which is none of the tree's
	e.b = append(e.b, tagObject)
	if err := e.properties(v.Properties); err != nil {
		return err
	}
	e.b = append(e.b, tagObjectEnd)
	e.uvarint(uint64(len(v.Properties)))
	return nil
}

func (e *encoder) plainError(v *driver.ErrorValue) error {
	e.b = append(e.b, tagError)
	if tag, ok := plainErrors[v.Name]; ok {
		e.b = append(e.b, tag)
	}
	if v.Message != nil {
		e.b = append(e.b, tagErrorMessage)
		if err := e.text(*v.Message); err != nil {
			return err
		}
	}
	if stack, ok := find(v.Properties, "stack").(driver.String); ok {
		e.b = append(e.b, tagErrorStack)
		if err := e.text(string(stack)); err != nil {
			return err
		}
	}
	if cause := find(v.Properties, "cause"); cause != nil {
		e.b = append(e.b, tagErrorCause)
		if err := e.value(cause); err != nil {
			return err
		}
	}
	e.b = append(e.b, tagErrorEnd)
	return nil
}

func find(list []driver.Property, key string) driver.Value {
	return (&driver.Object{Properties: list}).Get(key)
}

func (e *encoder) host(v *driver.Opaque) error {
	e.b = append(e.b, tagHostObject)
	e.b = append(e.b, v.Data...)
	if v.Value == nil {
		return nil
	}
	return e.value(v.Value)
}
