"""Stage: reads the data set and splits it into training, validation and test rows."""
