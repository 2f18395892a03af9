//! Rules about incidents and emergencies.

mod no_emergency_action;

pub(super) use no_emergency_action::CHECK as NO_EMERGENCY_ACTION;
