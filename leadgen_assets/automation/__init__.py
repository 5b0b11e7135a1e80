"""What starts runs and tells people: jobs, the schedule that opens a sprint, sensors."""
