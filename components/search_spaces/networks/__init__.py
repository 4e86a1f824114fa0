"""The networks that a layer, a rule or a setting is tried in: they share only their blocks."""
