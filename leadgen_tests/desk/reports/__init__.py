"""Reports: numbers, findings, pages, delivery, schedules, the command."""
