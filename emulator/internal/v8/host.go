package v8

// Errors and workerd's host objects.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func find(list []driver.Property, key string) driver.Value {
	return (&driver.Object{Properties: list}).Get(key)
}

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
	e.enter(nil)
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

func (e *encoder) host(v *driver.Opaque) error {
	e.b = append(e.b, tagHostObject)
	e.b = append(e.b, v.Data...)
	if v.Value == nil {
		return nil
	}
	return e.value(v.Value)
}

func (d *decoder) plainError() (driver.Value, error) {
	v := &driver.ErrorValue{Name: "Error", Plain: true}
	d.enter(v)
	set := func(key string, value driver.Value) {
		for i := range v.Properties {
			if v.Properties[i].Key == key {
				v.Properties[i].Value = value
				return
			}
		}
		v.Properties = append(v.Properties, driver.Property{Key: key, Value: value})
	}
	for {
		tag, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		switch tag {
		case tagErrorMessage:
			s, err := d.text()
			if err != nil {
				return nil, err
			}
			v.Message = &s
		case tagErrorStack:
			s, err := d.text()
			if err != nil {
				return nil, err
			}
			set("stack", driver.String(s))
		case tagErrorCause:
			cause, err := d.value()
			if err != nil {
				return nil, err
			}
			set("cause", cause)
		case tagErrorEnd:
			if len(v.Properties) == 2 && v.Properties[0].Key == "cause" { // older versions
				slices.Reverse(v.Properties)
			}
			return v, nil
		default:
			known := false
			for name, t := range plainErrors {
				if uint32(t) == tag {
					v.Name, known = name, true
				}
			}
			if !known {
				return nil, d.fail("unknown part %#x of an error", tag)
			}
		}
	}
}

func (d *decoder) nativeError() (driver.Value, error) {
	v := &driver.ErrorValue{Name: "Error"}
	d.enter(v)
	kind, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if kind == 0 {
		if v.Name, err = d.text(); err != nil {
			return nil, err
		}
	} else if int(kind) < len(nativeErrors) {
		v.Name = nativeErrors[kind]
	}
	message, err := d.text()
	if err != nil {
		return nil, err
	}
	v.Message = &message
	tag, err := d.tag()
	if err != nil {
		return nil, err
	}
	if tag != tagObject {
		return nil, d.fail("an error has no properties")
	}
	d.enter(nil)
	v.Properties, err = d.properties(tagObjectEnd)
	return v, err
}

// host reads the bytes of the host objects that can be stored. Their lengths
// are not written, so each class needs a line here.
func (d *decoder) host() (driver.Value, error) {
	from := d.at
	tag, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	v := &driver.Opaque{}
	nested := false
	switch tag {
	case hostNativeError:
		return d.nativeError()
	case hostHeaders:
		err = d.headers()
	case hostRequest: // a URL, then the init object
		nested, err = true, d.skip(1)
	case hostDOMException: // name, message, stack
		err = d.skip(3)
	case hostBlob: // type, content
		err = d.skip(2)
	default:
		err = d.fail("unsupported host object %d", tag)
	}
	if err != nil {
		return nil, err
	}
	v.Data = slices.Clone(d.b[from:d.at])
	d.enter(v)
	if nested {
		v.Value, err = d.value()
	}
	return v, err
}

// skip reads n strings with their lengths before them.
func (d *decoder) skip(n int) error {
	for range n {
		size, err := d.uvarint()
		if err != nil {
			return err
		}
		if _, err := d.bytes(size); err != nil {
			return err
		}
	}
	return nil
}

// headers reads a guard, a count, and for each header the number of a common
// name, or 0 and the name, and the value.
func (d *decoder) headers() error {
	if _, err := d.uvarint(); err != nil {
		return err
	}
	count, err := d.uvarint()
	if err != nil {
		return err
	}
	for range count {
		common, err := d.uvarint()
		if err != nil {
			return err
		}
		strings := 1
		if common == 0 {
			strings = 2
		}
		if err := d.skip(strings); err != nil {
			return err
		}
	}
	return nil
}
