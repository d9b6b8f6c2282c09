import "./thousand.mjs";
import "./parked.mjs";
