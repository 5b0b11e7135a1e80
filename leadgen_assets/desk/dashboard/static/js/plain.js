// A page without figures: only the keys.
import { listen } from "./keys.js";

if (document.getElementById("keys")) listen();
