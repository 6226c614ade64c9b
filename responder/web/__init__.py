"""What every page needs: listener, door, guard, body limits, throttle, turns, templates, assets."""
