-- A value with a name before it: ADDRESS NAME value, LOW to HIGH. Sent while a finger moves it, so that what the
-- engine tells is never sent back.
function onValueChanged(key)
  if key == 'x' and self.values.touch then
    local value = LOW + self.values.x * (HIGH - LOW)
    sendOSC({ ADDRESS, { { tag = 's', value = NAME }, { tag = 'f', value = value } } })
  end
end
